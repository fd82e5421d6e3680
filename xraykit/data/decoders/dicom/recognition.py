"""Whether bytes are a DICOM file, from its beginning; without pydicom, as every picture file is asked."""

import struct

_PREAMBLE, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = {0x0002, 0x0008}
_LONGEST = 4096
_VRS = {
    *(b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()),
}
_WITH_LONG_LENGTH = {*b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()}


def is_dicom(start: bytes) -> bool:
    """Whether a file is DICOM: it has the preamble of part 10, or begins with two elements of a data set.

    Files without a preamble were written before part 10 of the standard, or lost it on the way.
    """
    return start[_PREAMBLE : _PREAMBLE + len(_MAGIC)] == _MAGIC or _is_data_set(start)


def has_preamble(content: bytes) -> bool:
    """Whether a DICOM file begins with the 128 bytes and the word of part 10."""
    return content[_PREAMBLE : _PREAMBLE + len(_MAGIC)] == _MAGIC


def _is_data_set(start: bytes) -> bool:
    """Little endian, with explicit or implicit VR, in ascending order; other binary files hardly pass by chance."""
    first = _element(start, 0)
    if first is None or first[0] >> 16 not in _FIRST_GROUPS:
        return False
    second = _element(start, first[1])
    return second is not None and second[0] > first[0] and second[0] >> 16 in _FIRST_GROUPS


def _element(data: bytes, start: int) -> tuple[int, int] | None:
    """Tag of the element at a byte, and where the next one begins; None where there is none."""
    if len(data) < start + 8:
        return None
    group, element = struct.unpack_from("<HH", data, start)
    vr = data[start + 4 : start + 6]
    if vr in _WITH_LONG_LENGTH:
        if len(data) < start + 12:
            return None
        header, (length,) = 12, struct.unpack_from("<I", data, start + 8)
    elif vr in _VRS:
        header, (length,) = 8, struct.unpack_from("<H", data, start + 6)
    else:
        header, (length,) = 8, struct.unpack_from("<I", data, start + 4)
        if length % 2:
            return None
    return (group << 16 | element, start + header + length) if length <= _LONGEST else None
