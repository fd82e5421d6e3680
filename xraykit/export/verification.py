"""An exported network in its own runtime against the bundle, on the golden picture and on simulated radiographs."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.bundle import BundleFolder, Classifier, read_about
from xraykit.errors import ModelError
from xraykit.export.contents import Verification
from xraykit.export.runtimes import Runtime
from xraykit.export.targets import Target
from xraykit.phantoms import FINDINGS, draw_patient, draw_radiograph

PHANTOMS = 50

TOLERANCES = {"float32": 0.001, "int8": 0.75}
"""How much logits may differ from the bundle's, by the export's precision.

In float32, where a runtime only adds in another order: the largest difference, as a share of 1 + the size of the logit.
8-bit integers round every activation: the root mean square of the differences, as a share of the standard deviation of
the bundle's logits between pictures. A network that gives the same for all pictures has 1 or more. Measured on a
MobileNetV3-large trained on radiographs: 0.32 to 0.39 in three runtimes. What int8 costs is measured as ROC AUC."""

TRAINED_IN_HALF_PRECISION = {"float16": 0.05, "bfloat16": 0.5}
"""The tolerance of a float32 export of a network that the bundle computes in half precision."""

_FIRST_PATIENT = 1000
_SEED = 12
_PRINTED = 1e-4


@dataclass(frozen=True, eq=False)
class Difference:
    """The results of an export beside those of its bundle, ``(n, L)`` each.

    Attributes:
        expected: Logits of the bundle.
        received: Logits of the export.
        probabilities: Largest difference of a probability.
        changed: Calls that differ.
        calls: Calls in all.
    """

    expected: np.ndarray
    received: np.ndarray
    probabilities: float
    changed: int
    calls: int

    @classmethod
    def of(cls, classifier: Classifier, expected: np.ndarray, received: np.ndarray) -> "Difference":
        """Compare logits ``(n, L)``.

        Raises:
            ModelError: those of the export have another shape, or are not finite.
        """
        if received.shape != expected.shape or not np.all(np.isfinite(received)):
            found = "not finite" if received.shape == expected.shape else f"of the shape {received.shape}"
            raise ModelError(
                f"The exported network does not compute what the bundle does: its logits are {found}. Expected: finite "
                f"ones of the shape {expected.shape}. Nothing was written. Export to another format."
            )
        before, after = classifier.decision_rule.apply(expected), classifier.decision_rule.apply(received)
        apart = np.abs(after.probabilities - before.probabilities)
        called = np.isfinite(before.calls)
        return cls(
            expected,
            received,
            float(np.nanmax(apart)) if np.isfinite(apart).any() else 0.0,
            int(np.count_nonzero(before.calls[called] != after.calls[called])),
            int(np.count_nonzero(called)),
        )

    @property
    def logits(self) -> float:
        """Largest difference of a logit."""
        return float(np.abs(self.received - self.expected).max())

    def share(self, precision: str) -> float:
        """The difference that :data:`TOLERANCES` limits."""
        apart = np.abs(self.received - self.expected)
        if precision != "int8":
            return float((apart / (1 + np.abs(self.expected))).max())
        between_pictures = float(np.sqrt(self.expected.var(axis=0).mean()))
        return float(np.sqrt(np.mean(apart**2))) / between_pictures if between_pictures else float("inf")


def verify(
    classifier: Classifier, bundle: BundleFolder, target: Target, folder: Path, runtime: Runtime, precision: str
) -> tuple[Verification, np.ndarray]:
    """Compare an export with its bundle on the golden picture and 50 phantoms, and run its example.

    Args:
        classifier: The bundle, loaded.
        bundle: Its folder.
        target: Format of the export.
        folder: Where everything but its record is written.
        runtime: Its network in its runtime.
        precision: ``float32`` or ``int8``.

    Returns:
        What was found, and the export's logits ``(L,)`` of the golden picture.

    Raises:
        ModelError: they differ by more than the tolerance, or the example does not print the same.
    """
    tolerance = tolerance_of(classifier, precision)
    pictures = np.concatenate([classifier.read(bundle.golden), phantoms(classifier.image_size)])
    found = Difference.of(classifier, classifier.logits(pictures, 16), runtime.logits(pictures))
    stored = np.array(read_about(bundle)[1].golden.logits)[None]
    golden = Difference.of(classifier, stored, found.received[:1])
    share = max(found.share(precision), golden.share(precision) if precision == "float32" else 0.0)
    if share > tolerance:
        raise ModelError(_refusal(target, runtime, precision, share, tolerance, found))
    _check_example(classifier, folder, found.received[0])
    return Verification(
        phantoms=PHANTOMS,
        measure="share_of_deviation" if precision == "int8" else "largest",
        tolerance=tolerance,
        difference=share,
        largest_logit_difference=found.logits,
        largest_probability_difference=found.probabilities,
        calls_changed=found.changed,
        calls=found.calls,
        golden_logit_difference=golden.logits,
        example_checked=True,
    ), found.received[0]


def _refusal(
    target: Target, runtime: Runtime, precision: str, share: float, tolerance: float, found: Difference
) -> str:
    advice = (
        "8-bit integers are too coarse for this network: export it without --int8, or name more typical pictures with "
        "--calibrate."
        if precision == "int8"
        else "Export to another format, or install the versions of the runtime that docs/export.md names."
    )
    measure = (
        "of their standard deviation between pictures (root mean square)"
        if precision == "int8"
        else "of 1 + |logit| (the largest)"
    )
    return (
        f"The export to {target.name} in {precision} does not compute what the bundle does: in {target.title} "
        f"{runtime.version} logits of the golden picture and {PHANTOMS} phantoms differ by {share:.2g} {measure}, and "
        f"{tolerance:g} is allowed; probabilities by up to {found.probabilities:.2g}. Nothing was written. {advice}"
    )


def tolerance_of(classifier: Classifier, precision: str) -> float:
    """The tolerance of :data:`TOLERANCES`, or that of the half precision in which the bundle computes if larger."""
    computed = {layer.compute_dtype for model in classifier.models for layer in model.layers}
    coarse = [TRAINED_IN_HALF_PRECISION[each] for each in computed & TRAINED_IN_HALF_PRECISION.keys()]
    return max([TOLERANCES[precision], *coarse])


def phantoms(size: int, count: int = PHANTOMS) -> np.ndarray:
    """Simulated radiographs ``(count, size, size)`` uint8, every second one with findings."""
    from xraykit.data import open_radiograph

    random = np.random.default_rng(_SEED)
    drawn = []
    for number in range(count):
        findings = random.choice(FINDINGS, size=2, replace=False).tolist() if number % 2 else []
        picture = draw_radiograph(draw_patient(_FIRST_PATIENT + number), findings, size=min(max(size, 32), 1024))
        drawn.append(open_radiograph(np.asarray(picture.pixels), size).picture)
    return np.stack(drawn)


def _check_example(classifier: Classifier, folder: Path, logits: np.ndarray) -> None:
    """Run the example on the golden picture as its receiver would, and compare what it prints."""
    # The receiver has no settings of Python or Keras in environment variables.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KERAS"))}
    # It runs in that folder, so that a path relative to the folder of this process would not be found.
    folder = folder.absolute()
    command = [sys.executable, "-X", "utf8", str(folder / "example.py"), str(folder / "golden.png")]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        errors="replace",
        env=environment,
        cwd=folder,
    )
    decided = classifier.decision_rule.apply(logits[None])
    wrong = [
        label
        for label, p, call in zip(classifier.labels, decided.probabilities[0], decided.calls[0], strict=True)
        if not _is_printed(ended.stdout, label, p, call)
    ]
    if ended.returncode or wrong:
        raise ModelError(
            f"The example of the export does not give the results of its network for the golden picture: "
            f"{'; '.join(wrong) or 'it fails'}. It printed: {ended.stdout.strip() or 'nothing'} "
            f"{_last_line(ended.stderr)} Nothing was written."
        )


def _is_printed(output: str, label: str, p: float, call: float) -> bool:
    found = re.search(rf"^{re.escape(label)}: (\S+) (.*)$", output, re.MULTILINE)
    if np.isnan(p):
        return found is not None and found[1] == "not"
    expected = "no call" if np.isnan(call) else "positive" if call else "negative"
    return found is not None and abs(float(found[1]) - p) <= _PRINTED and found[2].startswith(expected)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
