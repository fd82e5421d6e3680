"""The check of an experiment, shown section by section: counts, labels, boxes, network, pictures, sample sheet."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.check.labels import describe_missing, missing_positives
from xraykit.check.pictures import describe_sources
from xraykit.check.training import describe_balance, describe_unused
from xraykit.check.values import check_values
from xraykit.config import Experiment, write_yaml
from xraykit.errors import BrokenImageError, DataError
from xraykit.registry import BACKBONES, Boxes
from xraykit.system import counted

if TYPE_CHECKING:
    from xraykit.data import Parts, PictureCheck

Show = Callable[[str], None]

SHEET = "check.png"
"""Name of the sample sheet, in ``output.root/NAME``."""

AUGMENTATION_SHEET = "check-augmentation.png"
"""Name of the sheet of augmentation, in the same folder."""


def check_experiment(experiment: Experiment, show: Show, *, everything: bool = False) -> dict[str, Any]:
    """Show what an experiment sets, what its data contain and what to look at; train nothing.

    Two sheets of radiographs of the training part are written, and nothing else: as the network sees them
    (``output.root/NAME/check.png``), and as augmentation changes them (``check-augmentation.png``).

    Args:
        experiment: The experiment.
        show: Receives the text, part by part, such as ``print``.
        everything: Show all keys, not only those that differ from the defaults.

    Returns:
        The same as plain values, for a program; ``docs/commands.md`` documents the keys.

    Raises:
        XraykitError: what a run would refuse: label file, split, boxes, network, unreadable radiographs, duplicates.
    """
    from xraykit.data import check_pictures, describe_parts, load_boxes, load_parts

    show(_settings(experiment, everything=everything))
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    show(describe_parts(parts))
    _show_members(experiment, show)
    warnings = _warnings(experiment, parts)
    _show_warnings(experiment, parts, warnings, show)
    boxes = load_boxes(experiment.data)
    if len(boxes):
        show(f"# Boxes: {_describe_boxes(boxes, parts)}")
    network = _check_network(experiment, show)
    check = check_pictures(parts, experiment.data)
    odd = _show_pictures(check, show)
    sheets = _write_sheets(experiment, parts, check, boxes, show)
    _refuse_pictures(experiment, check, show)
    return {
        **check_values(experiment, parts, check),
        "warnings": warnings,
        "boxes": len(boxes),
        "network": network,
        "odd_pictures": odd,
        "sheets": sheets,
    }


def _settings(experiment: Experiment, *, everything: bool) -> str:
    if everything:
        return experiment.to_yaml()
    comment = "# What differs from the defaults; --all shows every key:"
    return f"{comment}\n{write_yaml(experiment.shown(everything=False))}"


def _show_members(experiment: Experiment, show: Show) -> None:
    """The networks of an ensemble, and its folds."""
    if not experiment.is_ensemble:
        return
    from xraykit.data import describe_folds
    from xraykit.ensemble import members_of

    if experiment.data.split.all_folds:
        show(f"\n{describe_folds(experiment.data, experiment.split_seed)}")
    members = members_of(experiment)
    named = ", ".join(member.name for member in members)
    at_a_time = experiment.training.workers
    show(f"# Ensemble of {counted(len(members), 'network')}, {at_a_time} trained at a time: {named}")


def _warnings(experiment: Experiment, parts: "Parts") -> list[str]:
    # Imported here, as it takes a second.
    from xraykit.evaluation.predictions import label_warnings

    missing = missing_positives(parts)
    # One warning for a label without positives; that there are too few patients follows.
    none = [label for label, empty in missing.items() if empty != ("test",)]
    positives = sum((parts.catalog_of(part).targets() == 1).sum(axis=0) for part in ("train", "validation", "test"))
    totals = dict(zip(parts.labels, map(int, positives), strict=True))
    warnings = [
        *label_warnings(parts, experiment.evaluation.min_positive_patients, except_of=none),
        *(describe_missing(label, empty, totals[label]) for label, empty in missing.items()),
    ]
    return warnings + describe_unused(experiment)


def _show_warnings(experiment: Experiment, parts: "Parts", warnings: Sequence[str], show: Show) -> None:
    for warning in warnings:
        show(f"# Warning: {warning}")
    weights = "with" if experiment.training.has_class_weights else "without"
    show(f"# Loss: {experiment.training.loss}, {weights} class weights")
    if experiment.training.sampling == "balanced":
        show(f"# Sampling: {describe_balance(parts.catalog_of('train'))}")


def _describe_boxes(boxes: Boxes, parts: "Parts") -> str:
    """Their number, by label, and how many are of radiographs that are used."""
    used = set(parts.division["image"])
    by_label: dict[str, int] = {}
    for (_, label), each in boxes.of.items():
        by_label[label] = by_label.get(label, 0) + len(each)
    known = sum(len(each) for (image, _), each in boxes.of.items() if image in used)
    named = ", ".join(f"{label} {count:,}" for label, count in sorted(by_label.items()))
    return f"{len(boxes):,} in {boxes.source} ({named}), {known:,} of them on radiographs that are used"


def _check_network(experiment: Experiment, show: Show) -> dict[str, Any] | None:
    """Build the network if its backbone is no built-in one or it has weights; importing TensorFlow takes seconds."""
    backbone = experiment.model.backbone
    if (backbone in BACKBONES.builtins or backbone.startswith("keras:")) and experiment.model.weights is None:
        return None
    from xraykit.training import trainer_for

    network = trainer_for(experiment).build()
    weights = int(network.count_params())
    show(f"# Network: {network.name}, {counted(weights, 'weight')}")
    return {"name": network.name, "weights": weights}


def _show_pictures(check: "PictureCheck", show: Show) -> dict[str, int]:
    """Show them; how many of the training part seem odd, by kind."""
    from xraykit.data import describe_duplicates, describe_unreadable
    from xraykit.input_check import describe_odd_pictures, find_odd_pictures

    sources = [(each.width, each.height, each.colourfulness) for each in check.radiographs]
    odd = find_odd_pictures(check.training, [each.picture for each in check.radiographs], sources)
    show(f"\n{describe_unreadable(check)}")
    for text in (*describe_sources(check.sources), describe_duplicates(check.duplicates), describe_odd_pictures(odd)):
        if text:
            show(f"# {text}")
    return {str(kind): int(number) for kind, number in odd.counts.items()}


def _write_sheets(
    experiment: Experiment, parts: "Parts", check: "PictureCheck", boxes: Boxes, show: Show
) -> list[Path]:
    """Write the sheets of radiographs; those that were written."""
    if not check.radiographs:
        return []
    from xraykit.check.augmentation_sheet import changes_pictures, write_augmentation_sheet
    from xraykit.check.sheet import write_sheet

    folder, training, seed = Path(experiment.output.root) / experiment.name, experiment.training, experiment.seed
    try:
        write_sheet(folder / SHEET, parts, check, boxes, seed)
    except (DataError, OSError) as error:
        show(f"# Sample sheet: not written. {error}")
        return []
    show(f"# Sample sheet of the training part, as the network sees it: {folder / SHEET}")
    if not changes_pictures(training):
        return [folder / SHEET]
    try:
        write_augmentation_sheet(folder / AUGMENTATION_SHEET, training, parts, check, seed)
    except (DataError, OSError) as error:
        show(f"# Sheet of augmentation: not written. {error}")
        return [folder / SHEET]
    show(f"# Sheet of augmentation, what training makes of some of them: {folder / AUGMENTATION_SHEET}")
    return [folder / SHEET, folder / AUGMENTATION_SHEET]


def _refuse_pictures(experiment: Experiment, check: "PictureCheck", show: Show) -> None:
    from xraykit.data import check_duplicates

    if check.unreadable and experiment.data.unreadable == "leave_out":
        show("# They are left out of all parts (data.unreadable).")
    elif check.unreadable:
        raise BrokenImageError(
            f"{len(check.unreadable):,} of the {counted(check.decoded, 'radiograph')} tried cannot be read; see the "
            f"list above. Download them again, remove their rows from the label file, or set `data.unreadable: "
            f"leave_out`."
        )
    check_duplicates(check.duplicates, experiment.data.duplicates)
