"""The keywords of JSON Schema that an experiment's schema uses, as an editor's validator applies them."""

import re
from typing import Any

_TYPES = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_SAID = {"title", "description", "default", "$defs", "$schema", "discriminator"}


def valid(value: Any, schema: Any, root: dict[str, Any]) -> bool:
    """Whether ``value`` is what ``schema`` allows; an unknown keyword is an error of this module."""
    if isinstance(schema, bool):
        return schema
    return all(
        _holds(keyword, wanted, value, schema, root) for keyword, wanted in schema.items() if keyword not in _SAID
    )


def _holds(keyword: str, wanted: Any, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    number = _TYPES["number"](value)
    match keyword:
        case "$ref":
            return valid(value, root["$defs"][wanted.removeprefix("#/$defs/")], root)
        case "type":
            return _TYPES[wanted](value)
        case "enum":
            return any(value == each and type(value) is type(each) for each in wanted)
        case "const":
            return value == wanted and type(value) is type(wanted)
        case "anyOf":
            return any(valid(value, each, root) for each in wanted)
        case "oneOf":
            return sum(valid(value, each, root) for each in wanted) == 1
        case "minimum":
            return not number or value >= wanted
        case "maximum":
            return not number or value <= wanted
        case "exclusiveMinimum":
            return not number or value > wanted
        case "exclusiveMaximum":
            return not number or value < wanted
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minItems":
            return not isinstance(value, list) or len(value) >= wanted
        case "maxItems":
            return not isinstance(value, list) or len(value) <= wanted
        case "minProperties":
            return not isinstance(value, dict) or len(value) >= wanted
        case "maxProperties":
            return not isinstance(value, dict) or len(value) <= wanted
        case "prefixItems":
            return not isinstance(value, list) or all(valid(each, item, root) for each, item in zip(value, wanted))
        case "items":
            return not isinstance(value, list) or all(valid(each, wanted, root) for each in value)
        case "required":
            return not isinstance(value, dict) or set(wanted) <= set(value)
        case "properties":
            return not isinstance(value, dict) or all(
                valid(value[key], each, root) for key, each in wanted.items() if key in value
            )
        case "additionalProperties":
            known = schema.get("properties", {})
            return not isinstance(value, dict) or all(
                valid(value[key], wanted, root) for key in value if key not in known
            )
    raise AssertionError(f"The schema uses {keyword}, which this validator does not know.")
