"""The stored values of a DICOM file's frame, decompressed by the plug-in that is best at it.

Measured on the files of the tests (see docs/dicom.md): OpenCV reads JPEG of 8 bits and warns of damage; GDCM reads JPEG
of 12 bits and lossless JPEG, grey alone, as damaged colours make it crash; OpenJPEG refuses a JPEG 2000 stream that is
cut short; CharLS reads JPEG-LS; pydicom itself reads RLE. All of them are under permissive licences.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom.acceptance import PixelFormat
from xraykit.data.decoders.dicom.dataset import INSTALL, as_damage, transfer_syntax
from xraykit.data.decoders.jpeg import read_jpeg_header
from xraykit.data.decoders.messages import decoded_with_messages, is_jpeg_warning
from xraykit.data.decoders.opencv import decode_by_opencv

if TYPE_CHECKING:
    from pydicom import Dataset

_BASELINE, _EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))
_RLE = "1.2.840.10008.1.2.5"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", _BIG_ENDIAN)
_PLUGINS = {
    **dict.fromkeys((_BASELINE, _EXTENDED, *_LOSSLESS), "gdcm"),
    **dict.fromkeys(_JPEG_LS, "pyjpegls"),
    **dict.fromkeys(_JPEG_2000, "pylibjpeg"),
    _RLE: "pydicom",
}
_HARMLESS = "Invalid SOS parameters"  # of some writers of 12 bits; no pixel is lost
_JFIF, _ADOBE, _NAMES_WITHIN = b"JFIF\0", b"\xff\xee\x00\x0eAdobe", 1024
_ITEM, _END_OF_ITEMS = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_START_OF_FRAME_LS = b"\xff\xf7"


def stored_values(data_set: "Dataset", pixels: PixelFormat) -> np.ndarray:
    """Grey values ``(H, W)`` uint8, uint16 or int16, or red, green and blue ``(H, W, 3)`` uint8.

    Args:
        data_set: With its pixels.
        pixels: How they are stored.

    Raises:
        Damage: They are cut short or damaged, compressed in a way that is not read, or of other sizes than the header
            says, which is checked before they are decompressed.
    """
    syntax = transfer_syntax(data_set)
    if "PixelData" not in data_set:
        raise Damage("it has no pixels, or is cut short before them")
    if syntax in _PLAIN:
        values = _plain(data_set, pixels)
    elif syntax in _PLUGINS:
        values = _decompressed(data_set, pixels, syntax)
    else:
        raise Damage(f"its pixels are compressed in a way that is not read: {_name(syntax)}")
    if values.shape[:2] != (pixels.rows, pixels.columns):
        raise Damage(f"it has {values.shape[1]}×{values.shape[0]} pixels, and its header declares others")
    return values


def _plain(data_set: "Dataset", pixels: PixelFormat) -> np.ndarray:
    content = data_set.PixelData
    needed: int = pixels.bytes * 2 // 3 if pixels.photometric == "YBR_FULL_422" else pixels.bytes
    if len(content) < needed:
        raise Damage(f"it is cut short: {len(content):,} of {needed:,} bytes of its pixels are there")
    # Whatever follows, a byte that makes the number even or more, is no pixel.
    if pixels.samples == 3:
        data_set.PixelData = content[: needed + needed % 2]
        return _by_pydicom(data_set, pixels, "")
    little = transfer_syntax(data_set) != _BIG_ENDIAN
    if pixels.allocated == 8 and not little and data_set["PixelData"].VR == "OW":
        content = np.frombuffer(content[: needed + needed % 2], ">u2").astype("<u2").tobytes()
    kind = f"{'<' if little else '>'}{'i' if pixels.signed else 'u'}{pixels.allocated // 8}"
    values = np.frombuffer(content, kind, pixels.rows * pixels.columns).reshape(pixels.rows, pixels.columns)
    return _significant(values.astype(values.dtype.newbyteorder("="), copy=False), pixels)


def _significant(values: np.ndarray, pixels: PixelFormat) -> np.ndarray:
    """The stored bits alone: others may contain overlays, or the sign once more."""
    if pixels.stored == pixels.allocated:
        return values
    bits, lower = values.view(f"u{values.itemsize}"), pixels.high_bit + 1 - pixels.stored
    bits = (bits >> lower if lower else bits) & (2**pixels.stored - 1)
    if not pixels.signed:
        return np.asarray(bits)
    unused = pixels.allocated - pixels.stored
    return np.asarray((bits << unused).view(f"i{values.itemsize}") >> unused)


def _decompressed(data_set: "Dataset", pixels: PixelFormat, syntax: str) -> np.ndarray:
    _check_items(data_set.PixelData)
    with as_damage("the container of its compressed pixels"):
        from pydicom.encaps import generate_frames

        frame = next(generate_frames(data_set.PixelData, number_of_frames=1))
    if syntax in (_BASELINE, _EXTENDED, *_LOSSLESS):
        return _jpeg(data_set, pixels, frame, syntax)
    if syntax in _JPEG_2000:
        from pydicom.encaps import encapsulate

        data_set.PixelData = encapsulate([_jpeg_2000_stream(frame, pixels)])
    elif syntax in _JPEG_LS:
        _check_jpeg_ls(frame, pixels)
    return _by_pydicom(data_set, pixels, _PLUGINS[syntax])


def _check_items(content: bytes) -> None:
    """Compressed pixels are items with their lengths (PS3.5, A.4), which must fill their element."""
    start = 0
    while start + 8 <= len(content):
        length = int.from_bytes(content[start + 4 : start + 8], "little")
        if content[start : start + 4] == _END_OF_ITEMS:
            return
        if content[start : start + 4] != _ITEM:
            raise Damage(f"it is damaged: no item of compressed pixels at byte {start} of them")
        start += 8 + length
    if start > len(content):
        raise Damage(f"it is cut short or damaged: its compressed pixels lack {start - len(content):,} bytes")


def _jpeg(data_set: "Dataset", pixels: PixelFormat, frame: bytes, syntax: str) -> np.ndarray:
    """Every segment is walked first; decoders return a picture for half a stream."""
    header = read_jpeg_header(frame)
    _check_extent(header.width, header.height, header.channels, pixels)
    if header.depth == 8 and syntax not in _LOSSLESS:
        coded = frame if pixels.samples == 1 else _with_colour_transform(frame, pixels.photometric != "RGB")
        return decode_by_opencv(coded, is_damage=is_jpeg_warning)
    if pixels.samples == 3:
        raise Damage("its colours are compressed in a way that is not read: JPEG of more than 8 bits, or lossless")
    if header.depth > pixels.allocated:
        raise Damage(f"its compressed pixels have {header.depth} bits, and its header allocates {pixels.allocated}")
    decode = _by_gdcm if syntax == _EXTENDED else _by_pydicom
    values, messages = decoded_with_messages(lambda: decode(data_set, pixels, "gdcm"))
    warnings = [line for line in messages if is_jpeg_warning(line) and not line.startswith(_HARMLESS)]
    if warnings:
        raise Damage(f"it is damaged; its decoder warns: {'; '.join(warnings)}")
    return values


def _with_colour_transform(frame: bytes, is_ybr: bool) -> bytes:
    """A JPEG stream that says itself whether its colours are YBR, which DICOM says in the header.

    The markers of JFIF (always YBR) and Adobe count where there are any, as for pydicom.
    """
    if any(name in frame[:_NAMES_WITHIN] for name in (_JFIF, _ADOBE)):
        return frame
    return frame[:2] + _ADOBE + bytes((0, 100, 0, 0, 0, 0, int(is_ybr))) + frame[2:]


def _by_pydicom(data_set: "Dataset", pixels: PixelFormat, plugin: str) -> np.ndarray:
    """Colours come as red, green and blue, whatever they are stored as."""
    from pydicom.pixels import get_decoder  # type: ignore[attr-defined]

    decoder = get_decoder(transfer_syntax(data_set))
    if plugin and plugin not in decoder.available_plugins:
        raise Damage(f"the plug-in for its compression is missing; {INSTALL}")
    with as_damage("its pixels"):
        values, _ = decoder.as_array(data_set, index=0, raw=pixels.samples == 1, decoding_plugin=plugin)
    return np.asarray(values)


def _by_gdcm(data_set: "Dataset", pixels: PixelFormat, plugin: str) -> np.ndarray:
    """JPEG Extended of 12 bits, which pydicom does not hand to GDCM though it reads it."""
    try:
        import gdcm  # type: ignore[import-untyped]
    except ImportError:
        raise Damage(f"the plug-in for its compression is missing; {INSTALL}") from None
    from pydicom.encaps import generate_frames

    with as_damage("its pixels"):
        fragment = gdcm.Fragment()
        fragment.SetByteStringValue(next(generate_frames(data_set.PixelData, number_of_frames=1)))
        fragments = gdcm.SequenceOfFragments.New()
        fragments.AddFragment(fragment)
        element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
        element.SetValue(fragments.__ref__())
        image = _gdcm_image(gdcm, pixels, transfer_syntax(data_set))
        image.SetDataElement(element)
        content = image.GetBuffer().encode("utf-8", "surrogateescape")
        values = np.frombuffer(content, "<i2" if pixels.signed else "<u2", pixels.rows * pixels.columns)
        return values.reshape(pixels.rows, pixels.columns)


def _gdcm_image(gdcm: Any, pixels: PixelFormat, syntax: str) -> Any:
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((pixels.columns, pixels.rows, 1))
    kind = gdcm.PhotometricInterpretation
    image.SetPhotometricInterpretation(kind(kind.GetPIType(pixels.photometric)))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, pixels.stored, pixels.stored - 1, int(pixels.signed)))
    return image


def _jpeg_2000_stream(frame: bytes, pixels: PixelFormat) -> bytes:
    """The stream, checked, without the boxes of a JP2 file around it, which may make pydicom 3.0 search for ever.

    ISO/IEC 15444-1, annex A: SIZ follows SOC, and EOC ends the stream.
    """
    start = frame.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(frame) < start + 42:
        raise Damage("it is damaged: its JPEG 2000 header is missing")
    right, lower, left, upper = (int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20))
    _check_extent(right - left, lower - upper, int.from_bytes(frame[start + 40 : start + 42], "big"), pixels)
    if not frame.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise Damage("it is cut short: the end of its JPEG 2000 stream is missing")
    return frame[start:]


def _check_jpeg_ls(frame: bytes, pixels: PixelFormat) -> None:
    """ISO/IEC 14495-1, annex C: the frame header, and the end of the picture."""
    start = _frame_header_ls(frame)
    rows, columns = (int.from_bytes(frame[start + at : start + at + 2], "big") for at in (5, 7))
    _check_extent(columns, rows, frame[start + 9], pixels)
    if not frame.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise Damage("it is cut short: the end of its JPEG-LS stream is missing")


def _frame_header_ls(frame: bytes) -> int:
    """Where it begins: segment by segment, as a comment may contain the bytes of another frame header."""
    start = 2 if frame.startswith(b"\xff\xd8") else len(frame)
    while start + 10 <= len(frame) and frame[start] == 0xFF:
        if frame[start : start + 2] == _START_OF_FRAME_LS:
            return start
        is_fill = frame[start + 1] == 0xFF
        start += 1 if is_fill else 2 + int.from_bytes(frame[start + 2 : start + 4], "big")
    raise Damage("it is damaged: its JPEG-LS header is missing")


def _check_extent(width: int, height: int, samples: int, pixels: PixelFormat) -> None:
    if (height, width, samples) != (pixels.rows, pixels.columns, pixels.samples):
        raise Damage(
            f"its compressed pixels are {width}×{height} with {samples} samples, and its header declares "
            f"{pixels.columns}×{pixels.rows} with {pixels.samples}"
        )


def _name(syntax: str) -> str:
    from pydicom.uid import UID

    name = UID(syntax).name
    return name if name != syntax else "an unknown transfer syntax"
