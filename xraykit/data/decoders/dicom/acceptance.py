"""Which DICOM files can be radiographs: the others are refused with the reason.

What an apparatus writes by itself is trusted, such as the storage class of a CT slice. What people type in is often
wrong, such as the modality of a secondary capture: that is no reason to refuse a file, and is flagged instead.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom.dataset import text, texts, whole

if TYPE_CHECKING:
    from pydicom import Dataset

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DIRECTORY = "1.2.840.10008.1.3.10"
_PROJECTIONS = {
    *("1", "1.1", "1.1.1"),  # computed radiography, digital X-ray for presentation and for processing
    *("1.2", "1.2.1", "1.3", "1.3.1"),  # mammography, intra-oral
    *("7", "7.1", "7.2", "7.3", "7.4"),  # secondary capture, of one frame or several
    *("12.1", "12.1.1", "12.2", "12.2.1"),  # angiography and fluoroscopy: a single frame is a projection
}
_OTHER_MODALITIES = {
    *("AU", "BDUS", "BI", "BMD", "CT", "DMS", "DOC", "ECG", "EEG", "EMG", "EPS", "ES", "FID", "GM", "HD", "IVOCT"),
    *("IVUS", "KO", "LEN", "LS", "M3D", "MR", "NM", "OAM", "OCT", "OP", "OPM", "OPR", "OPT", "OPTENF", "OPV", "OSS"),
    *("PLAN", "PR", "PT", "REG", "RESP", "RTDOSE", "RTIMAGE", "RTPLAN", "RTRECORD", "RTSTRUCT", "RWV", "SEG", "SM"),
    *("SMR", "SR", "SRF", "TG", "US", "VA", "XC"),
}
_GREY, _COLOUR = ("MONOCHROME1", "MONOCHROME2"), ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of one frame are stored.

    Attributes:
        rows: Of pixels.
        columns: Of pixels.
        samples: 1 (grey) or 3 (colours).
        photometric: ``MONOCHROME1`` (the lowest value is white), ``MONOCHROME2``, ``RGB``, ``YBR_FULL`` and so on.
        allocated: Bits that a sample takes, 8 or 16.
        stored: Bits of it that carry its value, 1–16.
        high_bit: Number of the highest of these bits.
        signed: Whether values are two's complements.
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    allocated: int
    stored: int
    high_bit: int
    signed: bool

    @property
    def bytes(self) -> int:
        """Bytes of the uncompressed pixels."""
        return self.rows * self.columns * self.samples * self.allocated // 8


def check_radiograph(data_set: "Dataset") -> None:
    """Refuse what cannot be a projection radiograph of one frame.

    Raises:
        Damage: It is of another kind: CT, MR, ultrasound, a report, an index, several frames.
    """
    storage, modality = _storage_class(data_set), text(data_set, "Modality").upper()
    if storage == _DIRECTORY:
        raise Damage("it is a DICOMDIR, an index of files without pixels; name the files themselves")
    kind = storage.removeprefix(_STORAGE)
    if storage.startswith(_STORAGE) and kind not in _PROJECTIONS:
        raise Damage(f"it is no radiograph: its storage class is {_name_of(storage)}")
    if not storage.startswith(_STORAGE) and modality in _OTHER_MODALITIES:
        raise Damage(f"it is no radiograph: its modality is {modality}")
    if "LOCALIZER" in (each.upper() for each in texts(data_set, "ImageType")):
        raise Damage("it is no radiograph: it is a localiser, the scout of another examination")
    frames = text(data_set, "NumberOfFrames")
    if frames not in ("", "1"):
        raise Damage(f"it has {frames[:12]} frames, and only a single one can be a radiograph")


def pixel_format(data_set: "Dataset") -> PixelFormat:
    """How the pixels are stored.

    Raises:
        Damage: In a way that is not read, or the header does not say it.
    """
    if "Rows" not in data_set or "Columns" not in data_set:
        raise Damage("it is a DICOM file without pixels, or its header is cut short")
    photometric = text(data_set, "PhotometricInterpretation").upper()
    samples = whole(data_set, "SamplesPerPixel", 1)
    allocated = whole(data_set, "BitsAllocated")
    stored = whole(data_set, "BitsStored", allocated)
    high_bit = whole(data_set, "HighBit", stored - 1)
    if (samples, photometric) not in {*((1, each) for each in _GREY), *((3, each) for each in _COLOUR)}:
        raise Damage(
            f"its pixels are {photometric[:16] or 'of an unknown photometric interpretation'} with {samples} samples; "
            f"read are {', '.join((*_GREY, 'RGB'))} and YBR"
        )
    if allocated not in (8, 16) or not 1 <= stored <= allocated or not stored - 1 <= high_bit < allocated:
        raise Damage(
            f"its samples have {allocated} bits allocated, {stored} stored and {high_bit} as the highest bit; read are "
            f"1 to 16 bits stored in 8 or 16"
        )
    if samples == 3 and allocated != 8:
        raise Damage("its colours have 16 bits per sample; read are colours of 8 bits")
    rows, columns = whole(data_set, "Rows"), whole(data_set, "Columns")
    signed = bool(whole(data_set, "PixelRepresentation", 0))
    return PixelFormat(rows, columns, samples, photometric, allocated, stored, high_bit, signed)


def _storage_class(data_set: "Dataset") -> str:
    meta = getattr(data_set, "file_meta", None) or {}
    return text(data_set, "SOPClassUID") or str(meta.get("MediaStorageSOPClassUID") or "")


def _name_of(storage: str) -> str:
    from pydicom.uid import UID

    name = UID(storage).name
    return name if name != storage else "unknown to pydicom"
