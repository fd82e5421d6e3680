"""Where the local sample comes from: a table that a person wrote, another collection, or an external validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.bundle import BundleFolder, read_about, read_decision_rule
from xraykit.config import Data, is_override
from xraykit.errors import DataError
from xraykit.evaluate import Which, collect, experiment_of, name_of, shared_labels, words_of
from xraykit.system import sha256_of, shown

if TYPE_CHECKING:
    from xraykit.evaluate import Collected
    from xraykit.evaluation import DecisionRule
    from xraykit.recalibrate.sample import Sample
    from xraykit.recalibrate.scoring import Scored
    from xraykit.runs import FinishedEvaluation

_EXPERIMENTS = (".yaml", ".yml")


@dataclass(frozen=True, eq=False)
class Source:
    """A local sample whose arguments are checked; no picture was opened yet.

    Attributes:
        bundle: Of the network.
        name: What the sample is called in the new decision rule.
        folder: Name of the folder of the results.
        facts: What ``recalibration.json`` records of it, besides its numbers of radiographs and patients.
        given: Its radiographs and findings; or the external validation, whose table is read later.
        data: The section ``data`` of another collection; None of a table or an external validation.
        without_patients: Which of its sources do not name patients.
    """

    bundle: BundleFolder
    name: str
    folder: str
    facts: Mapping[str, Any]
    given: "Sample | FinishedEvaluation"
    data: Data | None = None
    without_patients: tuple[str, ...] = ()

    def decision_rule(self) -> "DecisionRule":
        """How the network's outputs are read so far."""
        return read_decision_rule(self.bundle)

    def scored(self, plugins: Sequence[str], batch_size: int = 32) -> "Scored":
        """The sample with the network's outputs; those of an external validation are in its table already.

        Raises:
            DataError: no radiograph can be read, or the table is damaged.
            ModelError: the network is damaged.
        """
        from xraykit.recalibrate.sample import Sample
        from xraykit.recalibrate.scoring import of_evaluation, score

        if not isinstance(self.given, Sample):
            return of_evaluation(self.given, read_about(self.bundle)[1].labels)
        from xraykit.bundle import load_model

        return score(load_model(self.bundle.path, plugins=plugins), self.given, batch_size)


@dataclass(frozen=True)
class Choice:
    """What the arguments of the command say of a collection.

    Attributes:
        which: All radiographs, or those of a part of its split.
        labels: Labels of the network to those of the collection, where their names differ.
        plugins: Modules or ``.py`` files to import.
    """

    which: Which = "all"
    labels: Mapping[str, str] = field(default_factory=dict)
    plugins: Sequence[str] = ()


def source_of(run: Path, words: Sequence[str], choice: Choice) -> Source:
    """The local sample that the arguments name.

    Args:
        run: A run folder or a bundle; or the folder of an external validation, and then there are no words.
        words: A table (CSV, TSV or XLSX) with the columns ``image``, ``patient`` and labels; an experiment file or
            ``data.…=`` arguments; or the folder of an external validation.
        choice: Of a collection.

    Raises:
        DataError: the arguments name none or several, or it cannot be read.
        ModelError: there is no network.
    """
    from xraykit.runs import FinishedEvaluation, is_evaluation

    if not words and is_evaluation(run):
        evaluation = FinishedEvaluation.open(run)
        return _of_evaluation(evaluation, evaluation.network(), choice)
    bundle = BundleFolder.find(run)
    if not words:
        raise DataError(
            f"No sample was given. Expected after {run}: a table (image, patient, a column per label), an experiment "
            f"file or data.format=… of another collection, or the folder of an external validation. See --help."
        )
    if len(words) == 1 and is_evaluation(Path(words[0])):
        evaluation = FinishedEvaluation.open(words[0])
        return _of_evaluation(evaluation, evaluation.network(bundle.path), choice)
    if len(words) == 1 and not _names_a_collection(words[0]):
        return _of_table(Path(words[0]), bundle, choice)
    return _of_collection(words, bundle, choice)


def _names_a_collection(word: str) -> bool:
    path = Path(word)
    return path.suffix.lower() in _EXPERIMENTS or (is_override(word) and not path.is_file())


def _of_table(path: Path, bundle: BundleFolder, choice: Choice) -> Source:
    from xraykit.recalibrate.sample import read_sample
    from xraykit.system.tables import read_table

    _check_no_choice(choice, f"the table {path.name}")
    table = read_table(path, ("image",), escaped=True)
    sample = read_sample(table, read_about(bundle)[1].labels)
    facts = {"file": path.name, "sha256": sha256_of(path)}
    without = () if sample.patients_known else (path.name,)
    return Source(bundle, path.name, path.stem, facts, sample, without_patients=without)


def _of_collection(words: Sequence[str], bundle: BundleFolder, choice: Choice) -> Source:
    tables = [word for word in words if not _names_a_collection(word)]
    if tables:
        raise DataError(
            f"One sample is expected: a table, or an experiment file with data.…= arguments. Received: "
            f"{', '.join(shown(word) for word in words)}."
        )
    from xraykit.data import without_patients

    file, overrides = words_of(words)
    experiment = experiment_of(file, overrides, choice.plugins)
    collected = collect(experiment, name_of(file, experiment), choice.which)
    shared = shared_labels(
        read_about(bundle)[1].labels, collected.catalog.labels, choice.labels, collected.data.label_names
    )
    facts = {
        "file": collected.catalog.source,
        "sha256": collected.catalog.label_file_sha256,
        "format": collected.data.format,
        "part": choice.which,
        "split": collected.split.as_values(),
        "labels": dict(shared.pairs),
    }
    sample = _sample_of(collected, read_about(bundle)[1].labels, shared.pairs)
    called = collected.name if choice.which == "all" else f"{collected.name}, {choice.which} part"
    without = without_patients(collected.data, collected.catalog)
    return Source(bundle, called, collected.name, facts, sample, collected.data, without)


def _sample_of(collected: "Collected", labels: Sequence[str], pairs: Mapping[str, str]) -> "Sample":
    import numpy as np

    from xraykit.recalibrate.sample import Sample

    catalog, table = collected.catalog, collected.catalog.table
    unknown = np.full(len(table), np.nan)
    columns = [table[pairs[label]].to_numpy(np.float64) if label in pairs else unknown for label in labels]
    return Sample(
        tuple(table["image"]),
        tuple(map(Path, table["path"])),
        table["patient"].to_numpy(object),
        catalog.patients_known,
        np.stack(columns, axis=1),
        tuple(label for label in labels if label not in pairs),
        tuple(label for label in catalog.labels if label not in pairs.values()),
    )


def _of_evaluation(evaluation: "FinishedEvaluation", bundle: BundleFolder, choice: Choice) -> Source:
    _check_no_choice(choice, f"the external validation {evaluation.folder}")
    facts = {
        "file": evaluation.files.predictions.name,
        "sha256": sha256_of(evaluation.files.predictions),
        "evaluation": evaluation.facts.name,
        "format": evaluation.facts.collection.format,
        "labels": dict(evaluation.facts.labels.shared),
    }
    name = f"external validation on {evaluation.facts.name}"
    return Source(bundle, name, evaluation.facts.name, facts, evaluation)


def _check_no_choice(choice: Choice, what: str) -> None:
    if choice.which != "all" or choice.labels:
        raise DataError(f"--part and --label are for another collection, not for {what}. Leave them out.")
