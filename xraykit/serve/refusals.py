"""Requests that are refused: each with a status, a code for programs and a sentence for people, as plain JSON."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from xraykit.errors import XraykitError


class Problem(BaseModel):
    """Why a request, or one of its pictures, has no answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    code: str
    """For programs, such as `request_too_large`."""
    message: str
    """For people: what was wrong and what to do. It contains nothing of the pictures."""


class Refusal(BaseModel):
    """The answer to a request that is refused."""

    model_config = ConfigDict(frozen=True)

    error: Problem


class Refused(XraykitError):
    """A request is refused.

    Attributes:
        status: Of HTTP.
        code: For programs.
        headers: Of the answer, besides the usual ones.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    @property
    def body(self) -> Refusal:
        """What the client gets."""
        return Refusal(error=Problem(code=self.code, message=str(self)))


def malformed(message: str) -> Refused:
    """400: the body is not what its Content-Type promises."""
    return Refused(400, "malformed_request", message)


def too_large(message: str) -> Refused:
    """413; the connection is closed, as the rest of the request is not read."""
    return Refused(413, "request_too_large", message, {"Connection": "close"})


def too_slow(seconds: float) -> Refused:
    """408: the client did not send its request in time."""
    return Refused(
        408,
        "request_too_slow",
        f"The request was not received within {seconds:g} s. Send it again, in smaller parts or over a faster line.",
        {"Connection": "close"},
    )


def unavailable(code: str, message: str) -> Refused:
    """503: the same request may succeed later."""
    return Refused(503, code, f"{message} Send the request again later.", {"Retry-After": "1"})
