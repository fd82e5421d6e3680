"""The files of a bundle, and where the bundle of a run is. Nothing heavy is imported here."""

from dataclasses import dataclass
from pathlib import Path

from xraykit.config import expand
from xraykit.errors import ModelError


@dataclass(frozen=True)
class BundleFolder:
    """The files of one bundle.

    Attributes:
        path: The folder that contains them, under any name.
    """

    path: Path

    @property
    def model(self) -> Path:
        """The trained network."""
        return self.path / "model.keras"

    @property
    def about(self) -> Path:
        """What belongs to the network: labels, preprocessing, where it comes from."""
        return self.path / "model.json"

    @property
    def decision_rule(self) -> Path:
        """Calibration and thresholds of the network; ``reading.json`` where an earlier version wrote only that."""
        current, earlier = self.path / "decision_rule.json", self.path / "reading.json"
        return earlier if earlier.is_file() and not current.exists() else current

    @property
    def golden(self) -> Path:
        """The simulated radiograph on which the network is checked at each load."""
        return self.path / "golden.png"

    @property
    def licence(self) -> Path:
        """The terms under which the network may be used."""
        return self.path / "LICENSE.md"

    @property
    def trained_on(self) -> Path:
        """Salted hashes of the patients and pictures that the network learned from; earlier versions wrote none."""
        return self.path / "trained_on.npz"

    @property
    def manifest(self) -> Path:
        """The checksums of the other files; bundles of xraykit 0.1 have none."""
        return self.path / "manifest.json"

    def files(self) -> tuple[Path, ...]:
        """All of them, the manifest last."""
        return self.model, self.about, self.decision_rule, self.golden, self.licence, self.trained_on, self.manifest

    @classmethod
    def find(cls, path: str | Path) -> "BundleFolder":
        """The bundle that a user means.

        Args:
            path: A run folder, a bundle, or the ``model.keras`` in one.

        Raises:
            ModelError: there is none; the message reports what the folder contains instead.
        """
        given = expand(path)
        places = [given.parent] if given.suffix == ".keras" else [given / "model", given]
        for place in map(cls, places):
            if place.about.is_file():
                return place
        raise ModelError(
            f"{given} contains no trained network: {_found_instead(given)}. Expected: the folder of a finished run, "
            f"with model/model.json in it, or a copy of its folder model."
        )


def _found_instead(path: Path) -> str:
    if not path.exists():
        return "no such file or folder exists"
    if path.is_file():
        return "it is a file without a model.json beside it"
    if (path / "metrics.json").is_file():
        return "the run is finished, and its network was removed or its version of xraykit wrote no bundles"
    if (path / "experiment.yaml").is_file():
        return f"the run is not finished; continue it with python -m xraykit.run --resume {path}"
    return "the folder has neither a model/model.json nor a model.json"
