"""From label files and radiographs to parts by patient and pictures in a cache.

Importing this package is cheap: the check of an experiment imports only the records of the data formats.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.data.batches import Batches as Batches
    from xraykit.data.batches import raising_the_cause as raising_the_cause
    from xraykit.data.bit_depth import depth_fits as depth_fits
    from xraykit.data.boxes import load_boxes as load_boxes
    from xraykit.data.cache.opening import open_cache as open_cache
    from xraykit.data.cache.picture_cache import PictureCache as PictureCache
    from xraykit.data.cache.source_files import hash_of_file as hash_of_file
    from xraykit.data.catalog import Catalog as Catalog
    from xraykit.data.decoders.choice import examination_of as examination_of
    from xraykit.data.decoders.choice import picture_suffixes as picture_suffixes
    from xraykit.data.decoders.pictures import READER_VERSION as READER_VERSION
    from xraykit.data.decoders.pictures import Radiograph as Radiograph
    from xraykit.data.decoders.pictures import most_bytes as most_bytes
    from xraykit.data.decoders.pictures import open_radiograph as open_radiograph
    from xraykit.data.decoders.pictures import original_picture as original_picture
    from xraykit.data.decoders.pictures import read_radiograph as read_radiograph
    from xraykit.data.decoders.pictures import viewable_picture as viewable_picture
    from xraykit.data.hashed_ids import names_with_ids as names_with_ids
    from xraykit.data.hashed_ids import new_salt as new_salt
    from xraykit.data.hashed_ids import with_hashed_patients as with_hashed_patients
    from xraykit.data.header_facts import is_chest as is_chest
    from xraykit.data.leakage.duplicates import Duplicates as Duplicates
    from xraykit.data.leakage.duplicates import Rows as Rows
    from xraykit.data.leakage.duplicates import check_duplicates as check_duplicates
    from xraykit.data.leakage.duplicates import describe_duplicates as describe_duplicates
    from xraykit.data.leakage.duplicates import find_duplicates as find_duplicates
    from xraykit.data.leakage.duplicates import near_groups as near_groups
    from xraykit.data.leakage.duplicates import same_pictures as same_pictures
    from xraykit.data.leakage.duplicates import without_duplicates as without_duplicates
    from xraykit.data.leakage.found_pairs import near_duplicates_in as near_duplicates_in
    from xraykit.data.leakage.met_before import PARTS_USED as PARTS_USED
    from xraykit.data.leakage.met_before import MetBefore as MetBefore
    from xraykit.data.leakage.met_before import Radiographs as Radiographs
    from xraykit.data.leakage.met_before import without_patients as without_patients
    from xraykit.data.leakage.signatures import Usual as Usual
    from xraykit.data.leakage.signatures import all_frequencies as all_frequencies
    from xraykit.data.leakage.signatures import frequencies as frequencies
    from xraykit.data.mixing.mixup import mixed_pictures as mixed_pictures
    from xraykit.data.mixing.sampling import Sampling as Sampling
    from xraykit.data.mixing.smoothing import smoothed as smoothed
    from xraykit.data.parts import Parts as Parts
    from xraykit.data.parts import SealedData as SealedData
    from xraykit.data.parts import load_parts as load_parts
    from xraykit.data.parts import load_sealed as load_sealed
    from xraykit.data.parts import picture_sizes as picture_sizes
    from xraykit.data.parts import read_catalog as read_catalog
    from xraykit.data.picture_check import PictureCheck as PictureCheck
    from xraykit.data.picture_check import check_pictures as check_pictures
    from xraykit.data.picture_check import describe_unreadable as describe_unreadable
    from xraykit.data.reading.listed_pictures import pictures_elsewhere as pictures_elsewhere
    from xraykit.data.reading.picture_files import is_file_name as is_file_name
    from xraykit.data.reading.picture_files import is_picture as is_picture
    from xraykit.data.reading.picture_files import is_picture_file as is_picture_file
    from xraykit.data.reading.remarks import reading_facts as reading_facts
    from xraykit.data.reading.remarks import remarks as remarks
    from xraykit.data.reading.remarks import respellings as respellings
    from xraykit.data.reading.spellings import FRONTAL as FRONTAL
    from xraykit.data.splits import hold_out as hold_out
    from xraykit.data.summary import describe_briefly as describe_briefly
    from xraykit.data.summary import describe_folds as describe_folds
    from xraykit.data.summary import describe_parts as describe_parts
    from xraykit.data.summary import load_catalog as load_catalog
    from xraykit.data.understood import Understood as Understood
    from xraykit.data.understood import UnderstoodColumn as UnderstoodColumn
    from xraykit.data.understood import describe_understood as describe_understood
    from xraykit.data.unreadable import Unreadable as Unreadable
    from xraykit.data.unreadable import describe_left_out as describe_left_out
    from xraykit.data.unreadable import unreadable_facts as unreadable_facts
    from xraykit.data.unreadable import without_unreadable as without_unreadable
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
