"""The documentation of the server as a page: made from its OpenAPI document, without scripts and without other servers.

FastAPI's own page loads its scripts from a content delivery network, which a hospital's machine may not reach.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).parent / "templates" / "api.html"


def page_of(openapi: Mapping[str, Any], predict: str, *, has_token: bool) -> str:
    """The page.

    Args:
        openapi: The OpenAPI document of the application.
        predict: The route that takes pictures; without a token the page has a form for it.
        has_token: Whether requests need a token.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        info=openapi["info"],
        routes=[
            {"path": path, "method": method.upper(), **_route(operation)}
            for path, operations in openapi["paths"].items()
            for method, operation in operations.items()
        ],
        schemas=[
            {"name": name, "description": schema.get("description", ""), "fields": _fields(schema)}
            for name, schema in openapi.get("components", {}).get("schemas", {}).items()
        ],
        predict=predict,
        has_token=has_token,
    )


def _route(operation: Mapping[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return {
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "secured": bool(operation.get("security")),
        "bodies": {kind: _fields(each["schema"]) for kind, each in content.items()},
        "answers": {
            status: (each.get("description", ""), _named(each))
            for status, each in sorted(operation["responses"].items())
        },
    }


def _named(answer: Mapping[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return _type_of(schema) if schema else ""


def _fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "type": _type_of(each), "required": name in required, "description": each.get("description", "")}
        for name, each in schema.get("properties", {}).items()
    ]


def _type_of(schema: Mapping[str, Any]) -> str:
    """A schema in words: ``list of PictureAnswer``, ``number or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type_of(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    if schema.get("format") == "binary":
        return "file"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type_of(schema['additionalProperties'])}"
    if schema.get("type") == "object" and schema.get("properties"):
        return "object {" + ", ".join(schema["properties"]) + "}"
    return str(schema.get("type", "anything"))
