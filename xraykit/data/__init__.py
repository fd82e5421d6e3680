"""From label files and radiographs to parts by patient and pictures in a cache.

Importing this package is cheap: the check of an experiment imports the records of the data formats, and no more.
"""

from typing import TYPE_CHECKING

from xraykit.system.lazy import lazy_names

if TYPE_CHECKING:
    from xraykit.data.boxes import load_boxes as load_boxes
    from xraykit.data.cache import PictureCache as PictureCache
    from xraykit.data.cache import open_cache as open_cache
    from xraykit.data.catalog import Catalog as Catalog
    from xraykit.data.decoders.pictures import Radiograph as Radiograph
    from xraykit.data.decoders.pictures import open_radiograph as open_radiograph
    from xraykit.data.decoders.pictures import read_radiograph as read_radiograph
    from xraykit.data.parts import Parts as Parts
    from xraykit.data.parts import SealedData as SealedData
    from xraykit.data.parts import load_parts as load_parts
    from xraykit.data.parts import load_sealed as load_sealed
    from xraykit.data.reading_remarks import reading_facts as reading_facts
    from xraykit.data.reading_remarks import remarks as remarks
    from xraykit.data.reading_remarks import respellings as respellings
    from xraykit.data.summary import describe_briefly as describe_briefly
    from xraykit.data.summary import describe_parts as describe_parts
    from xraykit.data.summary import load_catalog as load_catalog
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
