"""The web server of a review: its files, and what its page asks for."""

import logging
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict

from xraykit.errors import BrokenImageError, XraykitError
from xraykit.review.readings import Reading
from xraykit.review.session import NotHere, Session

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger(__name__)

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES = {
    file.name: file.read_bytes()
    for file in resources.files("xraykit.review").joinpath("page").iterdir()
    if file.name.rpartition(".")[2] in _KINDS
}
"""The page, read once: no name in a request ever becomes that of a file."""


class _Reading(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    case: int
    label: str
    reading: Reading
    comment: str = ""


class _Reveal(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    case: int


def build_app(session: Session) -> "FastAPI":
    """The application, without the checks of :class:`.Guard`.

    Each request names its reader in the header ``X-Reader``, percent-encoded.
    """
    from fastapi import FastAPI, Header, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, PlainTextResponse, Response
    from starlette.exceptions import HTTPException

    app = FastAPI(title="xraykit review", docs_url=None, redoc_url=None, openapi_url=None)
    named = Annotated[str, Header(alias="x-reader")]

    @app.get("/")
    def page() -> Response:
        return Response(_FILES["index.html"], media_type=_kind("index.html"))

    @app.get("/page/{name}")
    def file(name: str) -> Response:
        if name not in _FILES:
            raise NotHere(f"There is no file {name!r}.")
        return Response(_FILES[name], media_type=_kind(name))

    @app.get("/api/start")
    def start() -> Any:
        return {"reader": session.reader, "blind": session.blind, "title": session.cases.title}

    @app.get("/api/overview")
    def overview(x_reader: named) -> Any:
        return session.overview(_decoded(x_reader))

    @app.get("/api/flags")
    def flags(x_reader: named) -> Any:
        return session.flags_of(_decoded(x_reader))

    @app.get("/api/cases/{number}")
    def case(number: int, x_reader: named) -> Any:
        return session.case(_decoded(x_reader), number)

    @app.get("/api/cases/{number}/heat/{column}")
    def heat(number: int, column: int, x_reader: named) -> Response:
        return Response(session.heat_map(_decoded(x_reader), number, column), media_type="application/octet-stream")

    @app.get("/api/pictures/{number}")
    def picture(number: int) -> Response:
        return Response(session.picture(number), media_type="application/octet-stream")

    @app.post("/api/readings")
    def save(reading: _Reading, x_reader: named) -> Any:
        return session.save(_decoded(x_reader), reading.case, reading.label, reading.reading, reading.comment)

    @app.post("/api/reveal")
    def reveal(asked: _Reveal, x_reader: named) -> Any:
        return session.reveal(_decoded(x_reader), asked.case)

    @app.get("/api/agreement")
    def agreement() -> Any:
        return session.agreement()

    @app.exception_handler(XraykitError)
    def refused(request: Request, error: XraykitError) -> JSONResponse:
        status = 404 if isinstance(error, NotHere) else 422 if isinstance(error, BrokenImageError) else 400
        return JSONResponse({"error": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return JSONResponse({"error": f"The request is invalid: {wrong}."}, 422)

    @app.exception_handler(HTTPException)
    def not_found(request: Request, error: HTTPException) -> PlainTextResponse:
        text = "There is no such page." if error.status_code == 404 else error.detail
        return PlainTextResponse(f"{text}\n", error.status_code)

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> JSONResponse:
        logger.error("A request failed by a fault of xraykit.", exc_info=error)
        return JSONResponse({"error": "The server made a mistake; its terminal says more."}, 500)

    return app


def _kind(name: str) -> str:
    return f"{_KINDS[name.rpartition('.')[2]]}; charset=utf-8"


def _decoded(reader: str) -> str:
    from urllib.parse import unquote

    return unquote(reader)
