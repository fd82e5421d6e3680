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
        """The trained network; an ensemble has :attr:`members` instead."""
        return self.path / "model.keras"

    @property
    def members(self) -> Path:
        """The folder of an ensemble's networks, ``members/1/model.keras`` and so on; a single network has none."""
        return self.path / "members"

    def member(self, number: int) -> Path:
        """The network of an ensemble's member, counted from 1."""
        return self.members / str(number) / "model.keras"

    @staticmethod
    def decision_rule_of(member: Path) -> Path:
        """The decision rule of a member alone, beside its network."""
        return member.with_name("decision_rule.json")

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
    def mlmodel(self) -> Path:
        """What makes the bundle a model of MLflow, with the other files of :mod:`xraykit.tracking.model_files`."""
        return self.path / "MLmodel"

    @property
    def manifest(self) -> Path:
        """The checksums of the other files; bundles of xraykit 0.1 have none."""
        return self.path / "manifest.json"

    def files(self) -> tuple[Path, ...]:
        """All of them but those of members, the manifest last."""
        return self.model, self.about, self.decision_rule, self.golden, self.licence, self.trained_on, self.manifest

    @classmethod
    def find(cls, path: str | Path) -> "BundleFolder":
        """The bundle that a user means.

        Args:
            path: A run folder, a bundle, or the ``model.keras`` in one; that of a member stands for its ensemble.

        Raises:
            ModelError: there is none; the message reports what the folder contains instead.
        """
        given = expand(path)
        if given.suffix == ".keras":
            places = [given.parents[2]] if is_member(given) else [given.parent]
        else:
            places = [given / "model", given]
        for place in map(cls, places):
            if place.about.is_file():
                return place
        raise ModelError(
            f"{given} contains no trained network: {_found_instead(given)}. Expected: the folder of a finished run, "
            f"with model/model.json in it, or a copy of its folder model."
        )


def is_member(path: Path) -> bool:
    """Whether a path is that of the network of an ensemble's member."""
    return path.suffix == ".keras" and len(path.parents) > 2 and path.parents[1].name == "members"


def _found_instead(path: Path) -> str:
    if not path.exists():
        return "no such file or folder exists"
    if path.is_file():
        return "it is a file without a model.json beside it"
    if (path / "metrics.json").is_file():
        return "the run is finished, and its network was removed or its version of xraykit wrote no bundles"
    if (path / "experiment.yaml").is_file():
        return f"the run is not finished; continue it with xraykit run --resume {path}"
    return "the folder has neither a model/model.json nor a model.json"
