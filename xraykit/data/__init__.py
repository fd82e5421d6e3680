"""From label files and radiographs to parts by patient and pictures in a cache."""

from xraykit.data.cache import PictureCache, open_cache
from xraykit.data.catalog import Catalog
from xraykit.data.decoders.pictures import Radiograph, open_radiograph, read_radiograph
from xraykit.data.parts import Parts, SealedData, load_parts, load_sealed
from xraykit.data.remarks import reading_facts, remarks, respellings
from xraykit.data.summary import describe_briefly, describe_parts, load_catalog

__all__ = [
    "Catalog",
    "Parts",
    "PictureCache",
    "Radiograph",
    "SealedData",
    "describe_briefly",
    "describe_parts",
    "load_catalog",
    "load_parts",
    "load_sealed",
    "open_cache",
    "open_radiograph",
    "read_radiograph",
    "reading_facts",
    "remarks",
    "respellings",
]
