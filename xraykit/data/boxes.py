"""The boxes around findings that come with a collection."""

from xraykit.config import Data
from xraykit.errors import DataError
from xraykit.registry import FORMATS, Box, Boxes


def load_boxes(data: Data) -> Boxes:
    """The boxes of an experiment's data; none where its format has none.

    Raises:
        RegistryError: The format is unknown.
        DataError: The file of boxes is invalid.
    """
    if data.sources:
        return _merged(data)
    read = FORMATS.get(data.format).boxes
    if read is None:
        return Boxes()
    with FORMATS.naming_plugin(data.format):
        boxes = read(data)
    if not isinstance(boxes, Boxes):
        raise DataError(
            f"The box reader of the data format {data.format!r} must return xraykit.registry.Boxes. Received: "
            f"{type(boxes).__name__}."
        )
    return boxes


def _merged(data: Data) -> Boxes:
    """The boxes of all sources, with the names that radiographs and labels have in the merged catalog."""
    boxes: dict[tuple[str, str], list[Box]] = {}
    files = []
    for source in data.sources:
        own = load_boxes(data.alone(source))
        if not len(own):
            continue
        files.append(f"{source.name}: {own.source}")
        for (image, label), edges in own.of.items():
            # Boxes of findings that the collection does not label in this way keep their own name.
            common = source.common_names(data.label_names, data.labels).get(label, label)
            boxes.setdefault((f"{source.name}/{image}", common), []).extend(edges)
    return Boxes(boxes, "; ".join(files))
