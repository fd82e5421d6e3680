"""A layout: the files in which one collection of radiographs comes, as a record of a few functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.simulator.patients import Choice, Visit
from xraykit.phantoms.simulator.radiograph import Box

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Drawn:
    """A radiograph that is drawn, and what a label file may contain about it.

    Attributes:
        visit: Whose and when, its view and its findings.
        part: Of the official split; all radiographs of a patient are in one part.
        boxes: Finding to its boxes in pixels of the drawn picture: left edge, upper edge, width and height.
        size: Side of the drawn picture in pixels. A layout may store it cropped.
    """

    visit: Visit
    part: Part
    boxes: Mapping[str, tuple[Box, ...]]
    size: int

    @property
    def lateral(self) -> bool:
        """Whether the patient is seen from the side."""
        return self.visit.view == "lateral"

    @property
    def visit_name(self) -> str:
        """Eight digits of the patient, three of the visit."""
        return f"{self.visit.patient.number:08d}_{self.visit.number:03d}"

    def source(self, *key: int) -> np.random.Generator:
        """Random numbers of this visit for what a label file adds, such as a reader who errs.

        A frontal radiograph and its lateral have the same: their labels are those of one study.

        Args:
            key: What they are for; other keys give independent numbers.
        """
        return self.visit.patient.source(Choice.LABEL_FILE, self.visit.number, *key)


def encode_png(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """8-bit grey PNG."""
    _, png = cv2.imencode(".png", pixels)
    return png.tobytes()


@dataclass(frozen=True)
class Layout:
    """The files of one collection.

    Attributes:
        name: As ``python -m xraykit.phantoms NAME`` calls it.
        about: The collection in a phrase.
        picture: Path of a picture below the folder of pictures, with ``/`` between its parts.
        tables: The other files: path below the root to content. It gets all radiographs, patient by patient.
        encode: The bytes of a picture file, from ``(size, size)`` uint8 pixels.
        images: Folder of the pictures below the root, where a user may choose another; None: :attr:`picture` starts
            at the root.
        laterals: Whether lateral radiographs come besides the frontal ones.
        finish: A last step in the complete folder, such as to pack all pictures into one file; None: there is none.
        data: The section ``data`` of an experiment that reads the folder, besides ``root``.
        parts: The parts of the official split, by which the radiographs are counted.
    """

    name: str
    about: str
    picture: Callable[[Drawn], str]
    tables: Callable[[Sequence[Drawn]], Mapping[str, bytes]]
    encode: Callable[[NDArray[np.uint8], Drawn], bytes] = encode_png
    images: str | None = None
    laterals: bool = False
    finish: Callable[[Path, Sequence[Drawn]], None] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
