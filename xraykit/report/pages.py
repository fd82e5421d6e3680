"""Pages out of templates: one self-contained HTML file each, with everything inside it."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: Any) -> str:
    """Fill a template of ``xraykit/report/templates``; values are escaped, a missing one is an error."""
    return _environment().get_template(template).render(**values)


def embedded_png(content: bytes | Path) -> str:
    """A PNG as a data URI, so that the page needs no file beside it."""
    read = content.read_bytes() if isinstance(content, Path) else content
    return f"data:image/png;base64,{base64.b64encode(read).decode('ascii')}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("xraykit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
