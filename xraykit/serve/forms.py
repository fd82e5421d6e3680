"""The files of a form (``multipart/form-data``), read in memory: no picture is ever written to a disk."""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from xraykit.serve.refusals import Refused, malformed, too_large

_LONGEST_HEADER = 8192


@dataclass
class FormFile:
    """A part with a file name.

    Attributes:
        name: As the client sent it, without folders.
        content: Its bytes.
    """

    name: str
    content: bytes


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    data: list[bytes] = field(default_factory=list)


class _Reader:
    """Collects the parts; the parser calls its methods."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._part = _Part()
        self._ended = False
        self.files: list[FormFile] = []

    def begin(self) -> None:
        self._part = _Part()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._extend(self._part.header, data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._extend(self._part.value, data[start:end])

    def header_end(self) -> None:
        self._part.headers[bytes(self._part.header).strip().lower()] = bytes(self._part.value)
        self._part.header, self._part.value = bytearray(), bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._part.data.append(data[start:end])

    def part_end(self) -> None:
        kind, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        if kind != b"form-data":
            raise malformed("A part of the form has no header Content-Disposition: form-data.")
        if b"filename" not in options:
            name = options.get(b"name", b"").decode("utf-8", "replace")[:50]
            raise Refused(422, "invalid_request", f"The form has a part {name!r} without a file. Expected: files only.")
        if len(self.files) == self._most:
            raise too_large(f"A request may have {self._most} pictures. Received: more. Send them in several requests.")
        name = options[b"filename"].decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
        self.files.append(FormFile(name, b"".join(self._part.data)))

    def end(self) -> None:
        self._ended = True

    @property
    def is_complete(self) -> bool:
        return self._ended

    def _extend(self, text: bytearray, more: bytes) -> None:
        if len(text) + len(more) > _LONGEST_HEADER:
            raise malformed(f"A header in the form is longer than {_LONGEST_HEADER} bytes.")
        text.extend(more)


def files_of(content_type: str, body: bytes, most: int) -> list[FormFile]:
    """The files of a form, in order, whatever their fields are called.

    Args:
        content_type: The header of that name, with the boundary.
        body: Whole.
        most: Files that a form may have.

    Raises:
        Refused: 400, the form is damaged or cut short; 413, it has more files; 422, a part is no file.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise malformed("The header Content-Type of the form names no boundary.")
    reader = _Reader(most)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_header_field": reader.header_field,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_part_data": reader.data,
                "on_part_end": reader.part_end,
                "on_end": reader.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise malformed("The form is damaged.") from None
    if not reader.is_complete:
        raise malformed("The form is cut short.")
    return reader.files
