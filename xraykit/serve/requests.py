"""From the body of a request to the pictures in it: JSON with base64, or a form with files."""

import base64
import binascii
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xraykit.serve.forms import files_of
from xraykit.serve.refusals import Refused, malformed, too_large

JSON, FORM = "application/json", "multipart/form-data"

LONGEST_NAME = 255


@dataclass(frozen=True)
class SentPicture:
    """One picture of a request.

    Attributes:
        name: As the client calls it, or ``picture 1`` and so on; the answer repeats it.
        is_named: Whether the client named it.
        content: The bytes of the file; None if they could not be decoded.
        error: Why not.
    """

    name: str
    is_named: bool
    content: bytes | None
    error: str = ""

    @classmethod
    def of(cls, name: str | None, number: int, content: bytes | None, error: str = "") -> "SentPicture":
        """The picture with this number, from 1 on."""
        shown = _shown(name or "")[:LONGEST_NAME]
        return cls(shown or f"picture {number}", bool(shown), content, error)


class NamedPicture(BaseModel):
    """A picture with a name."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    content: str
    """The bytes of a PNG, JPEG or DICOM file in base64; a `data:` URL is taken too."""
    name: str | None = Field(None, max_length=LONGEST_NAME)
    """What the answer calls the picture; left out, `picture 1` and so on."""


class SentRequest(BaseModel):
    """A request for predictions in JSON."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    pictures: list[str | NamedPicture] = Field(min_length=1)
    """Each the content of a file in base64, or an object that gives it a name."""


def pictures_of(content_type: str, body: bytes, most: int) -> list[SentPicture]:
    """The pictures of a request.

    Args:
        content_type: The header of that name.
        body: Whole.
        most: Pictures that a request may have.

    Raises:
        Refused: 400, the body is damaged; 413, it has too many pictures; 415, it is of another type; 422, it has no
            picture or keys that are unknown.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        return _of_json(body, most)
    if kind == FORM:
        files = files_of(content_type, body, most)
        if not files:
            raise _invalid(
                "The form has no file. Expected: one or more parts with a file name, such as -F pictures=@a.png."
            )
        return [SentPicture.of(file.name, number, file.content) for number, file in enumerate(files, 1)]
    raise Refused(
        415, "unsupported_type", f"Expected a request of the type {JSON} or {FORM}. Received: {_shown(kind) or 'none'}."
    )


def _of_json(body: bytes, most: int) -> list[SentPicture]:
    try:
        sent = SentRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise malformed("The body is not valid JSON.") from None
        where = ".".join(str(each) for each in first["loc"])
        raise _invalid(
            f'The request is not as expected at {_shown(where) or "its top"}: {first["msg"]}. Expected: {{"pictures": '
            f'["BASE64", {{"name": "a.png", "content": "BASE64"}}]}}.'
        ) from None
    check_number(len(sent.pictures), most)
    return [_decoded(each, number) for number, each in enumerate(sent.pictures, 1)]


def check_number(received: int, most: int) -> None:
    """Refuse a request with too many pictures."""
    if received > most:
        raise too_large(f"A request may have {most} pictures. Received: {received}. Send them in several requests.")


def _decoded(sent: str | NamedPicture, number: int) -> SentPicture:
    text, name = (sent, None) if isinstance(sent, str) else (sent.content, sent.name)
    text = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return SentPicture.of(name, number, base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return SentPicture.of(name, number, None, "The content is not base64.")


def _shown(text: str) -> str:
    """Text of a client without control characters and what is no Unicode, which neither JSON nor a log should have."""
    return "".join(each if each.isprintable() else "�" for each in text).encode("utf-8", "replace").decode()[:1000]


def _invalid(message: str) -> Refused:
    return Refused(422, "invalid_request", message)
