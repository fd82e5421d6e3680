"""The network of a server: loaded, warmed up, and identified."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.bundle import BundleFolder, Classifier, OpenedPicture, load_model, open_source
from xraykit.serve.answers import About, DecisionRuleFacts, ModelFacts, Row
from xraykit.system import read_json, sha256_of
from xraykit.version import VERSION

if TYPE_CHECKING:
    from xraykit.model.backend import Precision

_WARMING_CALLS = 5
"""Then TensorFlow has made its optimised graph (:class:`xraykit.model.backend.Inference`)."""


class Network:
    """A classifier that serves.

    Args:
        folder: Its bundle.
        classifier: Loaded from it.
        batch: Pictures that are computed at once.
    """

    def __init__(self, folder: BundleFolder, classifier: Classifier, batch: int) -> None:
        self._classifier = classifier
        self._batch = batch
        self.about = _about(folder, classifier)

    @classmethod
    def load(
        cls, run: str | Path, *, plugins: Sequence[str] = (), precision: "Precision" = "float32", batch: int = 16
    ) -> "Network":
        """Load the bundle of a run with all its checks, and compute its golden picture until the network is fast.

        Args:
            run: A run folder or a bundle.
            plugins: Modules to import first; see :func:`xraykit.load_model`.
            precision: See :func:`xraykit.load_model`.
            batch: Pictures that are computed at once.

        Raises:
            ModelError: as :func:`xraykit.load_model`.
        """
        folder, classifier = BundleFolder.find(run), load_model(run, plugins=plugins, precision=precision)
        picture = classifier.read(folder.golden)
        for _ in range(_WARMING_CALLS):
            classifier.logits(picture.repeat(batch, axis=0), batch)
        classifier.logits(picture)
        return cls(folder, classifier, batch)

    @property
    def thresholds(self) -> Mapping[str, float | None]:
        """Least probability that is called positive, for each label."""
        return self._classifier.thresholds

    def opened(self, name: str, content: bytes | None, error: str, megapixels: float) -> OpenedPicture:
        """A picture of a request, decoded as in training.

        Args:
            name: Its name in the answer.
            content: The bytes of its file; None: there are none.
            error: Why not.
            megapixels: A picture with more is not decoded.
        """
        if content is None:
            return OpenedPicture(name, None, error)
        known = self._classifier
        return open_source(name, content, known.image_size, min(megapixels, known.max_megapixels), known.bit_depth)

    def rows(self, opened: Sequence[OpenedPicture]) -> list[Row]:
        """The rows of :meth:`.Classifier.predict` for opened pictures."""
        table = self._classifier.predict_opened(opened, self._batch)
        plain = table.astype(object).where(table.notna(), None)
        return [Row({str(name): value for name, value in row.items()}) for row in plain.to_dict("records")]


def _about(folder: BundleFolder, classifier: Classifier) -> About:
    about, rule = classifier.about, classifier.decision_rule
    whole = read_json(folder.manifest, "the checksums of a bundle").get("sha256") if folder.manifest.exists() else None
    return About(
        model=ModelFacts(
            id=classifier.sha256,
            bundle=whole,
            version=about.get("xraykit"),
            backbone=about.get("backbone"),
            members=classifier.members,
            image_size=classifier.image_size,
            precision=classifier.precision,
            labels=list(classifier.labels),
        ),
        decision_rule=DecisionRuleFacts(
            sha256=sha256_of(folder.decision_rule),
            fitted_on=rule.fitted_on,
            uncalibrated=list(rule.uncalibrated),
            untrained=list(rule.untrained),
            notes=list(rule.notes),
        ),
        server=VERSION,
    )
