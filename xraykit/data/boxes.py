"""The boxes around findings that come with a collection."""

from xraykit.config import Data
from xraykit.errors import DataError
from xraykit.registry import FORMATS, Boxes


def load_boxes(data: Data) -> Boxes:
    """The boxes of an experiment's data; none where its format has none.

    Raises:
        RegistryError: The format is unknown.
        DataError: The file of boxes is invalid.
    """
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
