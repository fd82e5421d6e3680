"""The boxes around lung opacities of RSNA's pneumonia challenge."""

from xraykit.config import Data
from xraykit.data.formats.rsna.facts import FOLDER, OPACITY, SIDE, SUFFIX
from xraykit.data.formats.rsna.rows import image_of, opacity_file, read_opacities
from xraykit.data.reading.picture_files import data_root, find_pictures
from xraykit.data.reading.picture_names import match_pictures
from xraykit.data.reading.picture_sizes import sizes_from_headers
from xraykit.errors import DataError
from xraykit.registry import Box, Boxes

_ROUNDING = 1.0  # pixels


def relative_boxes(data: Data) -> Boxes:
    """The boxes as shares of width and height, of the pictures that exist.

    They are in pixels of the DICOM files. Pictures that were converted count as converted from 1024×1024 pixels, as all
    of the challenge's are.

    Raises:
        DataError: A row is wrong, or a box lies outside of its picture.
    """
    root = data_root(data.root)
    file = opacity_file(root, data.labels_file)
    opacities = read_opacities(file)
    ids = [each for each, boxes in opacities.boxes.items() if boxes]
    found, _ = find_pictures(root, data.images, [FOLDER])
    images = [image_of(each) for each in ids]
    paths = dict(zip(ids, match_pictures(images, found).paths, strict=True))
    known = {each: path for each, path in paths.items() if path is not None}
    measured = sizes_from_headers(path for path in known.values() if path.lower().endswith(SUFFIX))
    boxes = {}
    for each, path in known.items():
        extent = measured.get(path, (SIDE, SIDE))
        where = f"{file.name}, line {opacities.lines[each]}"
        boxes[image_of(each), OPACITY] = [_share(box, extent, where) for box in opacities.boxes[each]]
    return Boxes(boxes, file.name)


def _share(box: Box, extent: tuple[int, int], where: str) -> Box:
    x, y, w, h = box
    width, height = extent
    if x + w > width + _ROUNDING or y + h > height + _ROUNDING:
        raise DataError(
            f"{where}: the box {', '.join(f'{edge:g}' for edge in box)} is not within {width}×{height} pixels. "
            f"Expected: x, y, width and height in pixels of the DICOM file. Download both again."
        )
    return x / width, y / height, min(w, width - x) / width, min(h, height - y) / height
