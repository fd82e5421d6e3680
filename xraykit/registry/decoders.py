"""Decoders by name: one record for each kind of picture file that xraykit can read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from xraykit.registry.names import Registry


@dataclass(frozen=True)
class Header:
    """What a picture file says about itself.

    Attributes:
        width: Columns of pixels.
        height: Rows of pixels.
        depth: Bits per sample as stored, 1–16.
        channels: Values per pixel once decoded: 1 (grey), 3 (colours) or, in some JPEG files, 4; transparency does not
            count.
        significant_bits: Bits per sample that the file declares to carry information; None if it declares none.
        facts: What else the file says about the radiograph, such as ``{"view": "PA", "sex": "F", "age": 57.0}``; see
            docs/dicom.md. Nothing that names a patient.
    """

    width: int
    height: int
    depth: int
    channels: int = 1
    significant_bits: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Viewable:
    """A picture as a viewer needs it, so that a reader can choose the window.

    Attributes:
        positions: ``(H, W)`` uint8 or uint16: where in ``values`` and ``greys`` the value of each pixel is.
        values: ``(n,)`` float32: what the pixels mean, such as the values after DICOM's Modality LUT; NaN: padding,
            which is always black.
        greys: ``(n,)`` uint8: the grey of each value as a network sees it, with the window of the file.
        windows: Centre and width of the file's windows, on ``values``; the first is the one of ``greys``.
        inverted: Whether low values are bright.
    """

    positions: Any
    values: Any
    greys: Any
    windows: tuple[tuple[float, float], ...] = ()
    inverted: bool = False


@dataclass(frozen=True)
class Examination:
    """Whose radiograph a file is and when it was taken, to find earlier ones of the same patient; never to be shown.

    Attributes:
        patient: The id in the file, as text.
        taken: Date and time as digits, which sort by time; blank where unknown.
    """

    patient: str
    taken: str = ""


@dataclass(frozen=True)
class Decoder:
    """How one kind of picture file is read.

    A file is recognised by its content; its name matters only where a folder is searched for pictures. The header is
    read first, so that a file with too many pixels is refused before it is decoded.

    Attributes:
        name: Short and in lower case, such as ``png``; messages write it in capitals.
        suffixes: Endings of such files, in lower case and with the dot.
        recognises: Whether a file is of this kind, from its beginning (:data:`START` bytes, or all if it has fewer).
        header: From the whole content to its :class:`Header`. Raises
            :class:`~xraykit.data.decoders.damage.Damage` where the content is not complete.
        decode: From the whole content to its pixels: grey ``(H, W)`` or red, green and blue ``(H, W, 3)``, uint8 or
            uint16, air dark and bone bright. Raises ``Damage`` where it cannot be decoded.
        ends_whole: Whether the last bytes of a file (:data:`END` of them) are those of a complete one, as a quick check
            of very many files.
        version: Raise it by one whenever the same file gives other pixels than before, so that cached pictures are
            decoded again.
        facts: From an opened file, at its beginning, to :attr:`Header.facts`, without reading its pixels; None where
            such files say nothing about the radiograph. Raises ``Damage`` where it cannot be read.
        view: From the whole content to its :class:`Viewable`; None where such files have no values beside their greys,
            or for a file that has none. Raises ``Damage`` as ``decode`` does.
        examination: From an opened file, at its beginning, to its :class:`Examination`; None where such files do not
            name patients, or for a file that names none.
        may_be_deep: Whether a file may have samples of more than 8 bits whose depth its header does not declare, from
            its beginning; so that nothing is decoded to find out where it never has.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    header: Callable[[bytes], Header]
    decode: Callable[[bytes], Any]
    ends_whole: Callable[[bytes], bool] = field(default=lambda end: True)
    version: int = 1
    facts: Callable[[BinaryIO], Mapping[str, Any]] | None = None
    may_be_deep: Callable[[bytes], bool] = field(default=lambda start: True)
    view: Callable[[bytes], Viewable | None] | None = None
    examination: Callable[[BinaryIO], Examination | None] | None = None


START, END = 256, 16
"""Numbers of bytes at the beginning and at the end of a file that a decoder is shown to recognise it."""

DECODERS: Registry[Decoder] = Registry(
    "decoder",
    {
        "png": "xraykit.data.decoders.png",
        "jpeg": "xraykit.data.decoders.jpeg",
        "dicom": "xraykit.data.decoders.dicom.decoder",
    },
)


def register_decoder(decoder: Decoder) -> Decoder:
    """Make xraykit read one more kind of picture file.

    Raises:
        RegistryError: the decoder's name is taken.
    """
    return DECODERS.add(decoder.name, decoder, decoder.header)
