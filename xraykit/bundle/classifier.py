"""A trained network, or an ensemble of several, with everything that belongs to it, and prediction."""

import contextlib
import hashlib
import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import pandas as pd

from xraykit.bundle.inputs import OpenedPicture, Source, named_sources, open_source, opened_ahead
from xraykit.bundle.networks import Networks
from xraykit.bundle.prediction_table import prediction_table
from xraykit.config import ViewsName
from xraykit.data import Radiograph, open_radiograph, original_picture
from xraykit.errors import ModelError
from xraykit.evaluation import DecisionRule, combined_logits, spread, trained_labels
from xraykit.explain import GradCam, HeatMaps, MeanHeatMaps
from xraykit.input_check import Screen
from xraykit.model import backend
from xraykit.system import Displayed


@dataclass(frozen=True, eq=False, repr=False)
class Classifier(Displayed):
    """A trained network, or an ensemble of ``m`` of them, and how to read the outputs.

    Attributes:
        models: The networks, one or ``m``, each from ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits.
        labels: The ``L`` labels, in the order of the outputs.
        decision_rule: Calibration and operating point of each label, fitted on the validation part; which labels are
            not calibrated, and which were not trained. That of an ensemble reads the mean of the members' calibrated
            logits.
        screen: The input check: flags pictures that differ from those of the training part.
        about: The content of ``model.json``: preprocessing, split, fingerprints, versions.
        member_rules: The members' own decision rules, in the order of ``models``; empty for a single network.
        precision: How outputs are computed: ``float32``, which leaves the network as it was trained, or ``bfloat16``
            (:class:`xraykit.model.backend.Inference`).
    """

    models: tuple[keras.Model, ...]
    labels: tuple[str, ...]
    decision_rule: DecisionRule
    screen: Screen
    about: Mapping[str, Any]
    member_rules: tuple[DecisionRule, ...] = ()
    precision: backend.Precision = "float32"

    def _display(self) -> dict[str, str]:
        several = f"ensemble of {self.members}: " if self.is_ensemble else ""
        return {
            "network": several + ", ".join(dict.fromkeys(model.name for model in self.models)),
            "pictures": f"{self.image_size} px",
            "labels": ", ".join(self.labels),
            **({} if self.precision == "float32" else {"precision": self.precision}),
        }

    @property
    def members(self) -> int:
        """Number of networks: 1, or that of an ensemble's members."""
        return len(self.models)

    @property
    def is_ensemble(self) -> bool:
        """Whether several networks are combined."""
        return bool(self.member_rules)

    @property
    def model(self) -> keras.Model:
        """The network, where there is one.

        Raises:
            ModelError: this is an ensemble.
        """
        if self.is_ensemble:
            raise ModelError(
                f"An ensemble of {self.members} networks has no single model. Expected: `models`, all of them; or "
                f"`logits`, `member_logits`, `probabilities` and `predict`, which combine them."
            )
        return self.models[0]

    @property
    def thresholds(self) -> dict[str, float | None]:
        """Least calibrated probability that is called positive, for each label; ``None`` where there is none."""
        return self.decision_rule.thresholds

    @property
    def image_size(self) -> int:
        """Side ``S`` of the pictures in pixels."""
        return int(self.models[0].input_shape[1])

    @property
    def max_megapixels(self) -> float:
        """A picture with more pixels is not read."""
        return float(self.about["preprocessing"]["max_megapixels"])

    @property
    def bit_depth(self) -> int | None:
        """Bits of 16-bit pictures that do not declare their depth; None: the brightest pixel of each decides."""
        depth = self.about["preprocessing"].get("bit_depth")
        return None if depth is None else int(depth)

    @property
    def test_time_augmentation(self) -> ViewsName:
        """The views of each picture over which the logits are averaged; ``none``: the picture as it is."""
        found: ViewsName = self.about["preprocessing"].get("test_time_augmentation", "none")
        return found

    def read(self, images: Source | Sequence[Source]) -> np.ndarray:
        """Read radiographs as in training: ``(n, S, S)`` uint8; of a single one ``(1, S, S)``.

        Args:
            images: As for :meth:`predict`.

        Raises:
            BrokenImageError: a picture cannot be read.
            DataError: ``images`` is neither a picture nor several, or an array that could be either.
        """
        sources = [source for _, source in named_sources(images)]
        opened = opened_ahead(
            [("", source) for source in sources], lambda _, source: OpenedPicture("", self._opened(source)), 64
        )
        pictures = [each.radiograph.picture for each in opened if each.radiograph is not None]
        return np.stack(pictures) if pictures else np.zeros((0, self.image_size, self.image_size), np.uint8)

    def logits(self, pictures: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """The network's outputs, ``(n, L)`` float64, for pictures ``(n, S, S)`` 0–255.

        Of an ensemble, the mean over its members of their calibrated logits; see :func:`.combined_logits`.

        Raises:
            ModelError: the pictures have another size.
        """
        return self._combined(self.member_logits(pictures, batch_size))

    def member_logits(self, pictures: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Each network's own outputs, not calibrated, ``(m, n, L)`` float64, for pictures ``(n, S, S)`` 0–255.

        Raises:
            ModelError: the pictures have another size.
        """
        return self._networks.logits(pictures, batch_size)

    def features(self, pictures: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """What the network's last layer reads: the last feature map, averaged over its area.

        They are those of the pictures as they are, also where predictions are a mean over several views.

        Args:
            pictures: ``(n, S, S)``, 0–255, from :meth:`read`.
            batch_size: Pictures at a time.

        Returns:
            ``(n, C)`` float32; of an ensemble the features of all members side by side, in their order.

        Raises:
            ModelError: the pictures have another size, or the network has no layer ``feature_map``.
        """
        return self._networks.features(pictures, batch_size)

    @property
    def feature_count(self) -> int:
        """``C`` of :meth:`features`.

        Raises:
            ModelError: the network has no layer ``feature_map``.
        """
        return self._networks.feature_count

    @property
    def sha256(self) -> str | None:
        """Identity of the network, or of all members together; None in a bundle without checksums."""
        members = [str(member["sha256"]) for member in self.about.get("members") or ()]
        if members:
            return hashlib.sha256("".join(members).encode()).hexdigest()
        found = (self.about.get("sha256") or {}).get("model.keras")
        return None if found is None else str(found)

    @cached_property
    def _networks(self) -> Networks:
        return Networks(self.models, self.precision, self.test_time_augmentation)

    def _combined(self, logits: np.ndarray) -> np.ndarray:
        return combined_logits(self.member_rules, logits) if self.is_ensemble else logits[0]

    def probabilities(self, pictures: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Probability of each label, ``(n, L)`` float64, 0–1, of pictures ``(n, S, S)`` 0–255.

        Calibrated but for the labels in ``decision_rule.uncalibrated``; NaN for those in ``decision_rule.untrained``.

        Raises:
            ModelError: the pictures have another size.
            NonFiniteLossError: an output of the network is NaN.
        """
        return self.decision_rule.probabilities(self.logits(pictures, batch_size))

    def predict(self, images: Source | Sequence[Source], batch_size: int = 32) -> pd.DataFrame:
        """Predict radiographs.

        Args:
            images: Files, their contents as bytes, or pixels: one or several; see :data:`Source`.
            batch_size: Radiographs at a time; only so many are in memory at once.

        Returns:
            A row per picture: ``image`` (its path, or ``picture 1`` and so on); for each label
            ``LABEL_probability`` (0–1, missing if the label was not trained) and ``LABEL_call`` (whether that reaches
            the operating point; missing where there is none), and of an ensemble ``LABEL_spread`` (how far its members
            are apart: the largest minus the smallest of their probabilities; see
            :func:`xraykit.evaluation.spread`); ``uncalibrated`` and ``untrained``: labels whose
            probability is not calibrated, or missing, joined by ``;``, and ``label_notes``: why; ``flags`` and
            ``flag_reasons``: how it differs from the pictures of the training part, names joined by ``;``,
            empty if nothing was found; ``error``: why it cannot be read, and then it has no probabilities and calls;
            ``precision`` where that is not ``float32``.

        Raises:
            DataError: ``images`` is neither a picture nor several, or an array that could be either.
        """
        batches = self.open_batches(named_sources(images), batch_size)
        tables = [self.predict_opened(batch, batch_size) for batch in batches]
        return pd.concat(tables or [self.predict_opened([], batch_size)], ignore_index=True)

    def open(self, sources: Sequence[tuple[str, Source]]) -> list[OpenedPicture]:
        """Open pictures in threads, each with a name to call it by; a broken one has its reason instead."""
        if len(sources) < 2:
            return [self._open_one(name, source) for name, source in sources]
        return list(opened_ahead(sources, self._open_one, len(sources)))

    def open_batches(
        self, sources: Sequence[tuple[str, Source]], batch_size: int = 32
    ) -> Generator[list[OpenedPicture], None, None]:
        """Open pictures batch by batch, in order; the next batch is read in threads while the caller has one.

        Args:
            sources: Name and source of each picture.
            batch_size: Pictures of a batch; twice as many are in memory at most, at the network's size.
        """
        if len(sources) < 2:
            if sources:
                yield self.open(sources)
            return
        pictures = opened_ahead(sources, self._open_one, batch_size)
        with contextlib.closing(pictures):
            while batch := list(itertools.islice(pictures, batch_size)):
                yield batch

    def _open_one(self, name: str, source: Source) -> OpenedPicture:
        return open_source(name, source, self.image_size, self.max_megapixels, self.bit_depth)

    def original(self, source: Source) -> np.ndarray:
        """A picture at its own size and aspect, with the greys that the network sees: ``(H, W)`` uint8, 0–255.

        Raises:
            BrokenImageError: the picture cannot be read.
        """
        return original_picture(source, self.max_megapixels, bit_depth=self.bit_depth)

    def predict_opened(self, opened: Sequence[OpenedPicture], batch_size: int = 32) -> pd.DataFrame:
        """The rows of :meth:`predict` for opened pictures."""
        whole = [each.radiograph is not None for each in opened]
        pictures = [each.radiograph.picture for each in opened if each.radiograph is not None]
        probabilities = np.full((len(opened), len(self.labels)), np.nan)
        spreads = np.full_like(probabilities, np.nan) if self.is_ensemble else None
        if pictures:
            logits = self.member_logits(np.stack(pictures), batch_size)
            probabilities[whole] = self.decision_rule.probabilities(self._combined(logits))
            if spreads is not None:
                spreads[whole] = spread(self.member_rules, logits)
        precision = None if self.precision == "float32" else self.precision
        return prediction_table(
            opened, probabilities, self.decision_rule, self.screen, spreads=spreads, precision=precision
        )

    def grad_cam(self, image: Source, label: str) -> np.ndarray:
        """Heat map of a label: what the network's output depends on; of an ensemble, the mean of its members' maps.

        Args:
            image: A file, its content, or pixels.
            label: One of :attr:`labels`.

        Returns:
            ``(S, S)`` float32, 0–1.

        Raises:
            ModelError: the label is unknown, or was not trained.
            BrokenImageError: the image cannot be read.
        """
        if label not in self.labels:
            raise ModelError(f"Unknown label {label!r}. This network knows: {', '.join(self.labels)}.")
        if label in self.decision_rule.untrained:
            raise ModelError(f"There is no heat map for {label}. {self.decision_rule.untrained[label]}")
        picture = self._opened(image).picture
        return np.asarray(self.saliency().heat_maps(picture[None], [self.labels.index(label)])[0])

    def saliency(self) -> HeatMaps:
        """Grad-CAM of the network; of an ensemble, the mean of those members' maps that trained the label."""
        methods = [GradCam(model) for model in self.models]
        return MeanHeatMaps(methods, trained_labels(self.member_rules)) if self.is_ensemble else methods[0]

    def _opened(self, source: Source) -> Radiograph:
        return open_radiograph(source, self.image_size, self.max_megapixels, bit_depth=self.bit_depth)
