"""What 8-bit integers cost: the ROC AUCs of a quantised network beside those of its bundle."""

import numpy as np

from xraykit.bundle import Classifier
from xraykit.evaluation import Predictions, paired_differences
from xraykit.export.contents import LabelLoss, Quantisation
from xraykit.export.quantisation_data import QuantisationData
from xraykit.export.runtimes import Runtime
from xraykit.export.verification import Difference
from xraykit.system import progress_bar


def measure(
    classifier: Classifier, runtime: Runtime, data: QuantisationData, resamples: int, seed: int
) -> Quantisation:
    """Compare a quantised network with its bundle on labelled radiographs, paired by radiograph.

    Args:
        classifier: The bundle, loaded.
        runtime: The quantised network in its runtime.
        data: The radiographs, and those that ranges were taken from.
        resamples: Of patients, for the intervals.
        seed: Of the resamples.
    """
    labelled = data.labelled
    before, after = _both(classifier, runtime, data)
    difference = Difference.of(classifier, before, after)
    trained = [at for at, label in enumerate(classifier.labels) if label not in classifier.decision_rule.untrained]
    names = [classifier.labels[at] for at in trained]

    def of(scores: np.ndarray) -> Predictions:
        return Predictions(labelled.images, labelled.patients, names, labelled.targets[:, trained], scores[:, trained])

    found = paired_differences(of(before), of(after), resamples, seed)
    return Quantisation(
        calibrated_on=data.calibrated_on,
        calibration_pictures=len(data.calibration),
        measured_on=labelled.described,
        part=labelled.part,
        split=labelled.split,
        images=found["images"],
        patients=found["patients"],
        patients_known=labelled.patients_known,
        resamples=resamples,
        macro=_loss(found["macro"]),
        labels={name: _loss(each) for name, each in found["labels"].items()},
        largest_probability_difference=difference.probabilities,
        calls_changed=difference.changed,
        calls=difference.calls,
    )


def _both(classifier: Classifier, runtime: Runtime, data: QuantisationData) -> tuple[np.ndarray, np.ndarray]:
    """Logits ``(n, L)`` of bundle and export."""
    before, after = [], []
    with progress_bar(total=len(data.labelled.images), desc="Loss of int8", unit="picture") as bar:
        for pictures in data.labelled.batches():
            before.append(classifier.logits(pictures))
            after.append(runtime.logits(pictures))
            bar.update(len(pictures))
    return np.concatenate(before), np.concatenate(after)


def _loss(found: dict[str, object]) -> LabelLoss:
    names = ("roc_auc", "roc_auc_difference", "roc_auc_difference_interval")
    return LabelLoss.model_validate({name: found[name] for name in names})
