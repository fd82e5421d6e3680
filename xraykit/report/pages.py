"""Pages from templates: one self-contained HTML file each."""

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from xraykit.errors import DataError
from xraykit.report.figures.style import figure_svg

_JPEG_QUALITY = 88
_WEBP_QUALITY = 82


def render(template: str, **values: Any) -> str:
    """Fill a template of ``xraykit/report/templates``; values are escaped, a missing one is an error."""
    return _environment().get_template(template).render(**values)


def embedded_png(content: bytes | Path) -> str:
    """A PNG as a data URI, so that the page needs no file beside it."""
    read = content.read_bytes() if isinstance(content, Path) else content
    return _embedded("image/png", read)


def embedded_jpeg(path: Path) -> str:
    """A picture file as a data URI of a JPEG, a third as large as a PNG of a radiograph.

    Raises:
        DataError: the file cannot be read.
    """
    _, content = cv2.imencode(".jpg", _decoded(path), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return _embedded("image/jpeg", content.tobytes())


def embedded_webp(path: Path) -> str:
    """A picture file as a data URI of a WebP: for figures with so many points that their SVG is large.

    Raises:
        DataError: the file cannot be read.
    """
    _, content = cv2.imencode(".webp", _decoded(path), [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    return _embedded("image/webp", content.tobytes())


def _decoded(path: Path) -> cv2.typing.MatLike:
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(
            f"{path} is no picture that can be read. It is damaged; remove it, or copy it again from its source."
        )
    return picture


def embedded_figures(figures: Mapping[str, Figure]) -> dict[str, str]:
    """Figures as data URIs of SVGs, by the same names."""
    return {name: _embedded("image/svg+xml", figure_svg(figure)) for name, figure in figures.items()}


def _embedded(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("xraykit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
