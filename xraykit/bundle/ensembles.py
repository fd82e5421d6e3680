"""Writing one bundle that contains all networks of an ensemble, out of the bundles of its members."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xraykit.bundle.contents import ModelRecord, read_about, read_decision_rule
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.golden import combined_golden, golden_results
from xraykit.bundle.licence import INTENDED_USE, licence_note
from xraykit.bundle.loading import load_bundle
from xraykit.bundle.manifest import check_manifest
from xraykit.bundle.trained_on import TrainedOn, read_trained_on
from xraykit.bundle.writing import OUTPUTS, check_labels, computation, finish, provenance, written_whole
from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.errors import ModelError
from xraykit.evaluation import DecisionRule
from xraykit.input_check import Screen
from xraykit.system import json_text

_OUTPUTS = f"mean over the members of their calibrated {OUTPUTS}"


@dataclass(frozen=True)
class Member:
    """A trained network that becomes a member of an ensemble.

    Attributes:
        path: Its run folder or bundle; it stays as it is.
        seed: Of its training.
        fold: The fold that it did not learn from, counted from 0; None if all members learned from the same patients.
    """

    path: Path
    seed: int | None = None
    fold: int | None = None


@dataclass(frozen=True, eq=False)
class _Opened:
    member: Member
    folder: BundleFolder
    about: dict[str, Any]
    record: ModelRecord
    decision_rule: DecisionRule


def write_ensemble(
    target: Path,
    members: Sequence[Member],
    experiment: Experiment,
    decision_rule: DecisionRule,
    screen: Screen,
    parts: Parts,
) -> None:
    """Write one bundle of all members, completely or not at all; an existing one is replaced.

    Its logits are those of :func:`xraykit.evaluation.combined_logits`. The record of what it was trained on is that of
    all members together. Each member's bundle is checked by its checksums before it is copied, and the new bundle is
    loaded once, with the golden picture of each member, before it replaces an existing one.

    Args:
        target: The folder of the bundle.
        members: Two or more, of the same labels, picture size and reader.
        experiment: What all were trained by.
        decision_rule: How the mean of the members' calibrated logits becomes probabilities and calls.
        screen: The input check, fitted on training pictures of all members.
        parts: What all were trained on, to name label files, split and sources.

    Raises:
        ModelError: a member is damaged, is itself an ensemble, or reads pictures in another way than the first; the
            decision rule is of other labels; or the bundle cannot be loaded again.
        XraykitError: the disk is full or the folder cannot be written.
    """
    opened = _opened(members)
    check_labels(opened[0].record.labels, decision_rule)
    rules = [each.decision_rule for each in opened]
    golden = combined_golden(rules, [each.record.golden.logits for each in opened])
    note = licence_note(experiment)
    with written_whole(target) as bundle:
        listed = [_copied(each, bundle, number) for number, each in enumerate(opened, 1)]
        shutil.copyfile(opened[0].folder.golden, bundle.golden)
        about = {
            "labels": list(decision_rule.labels),
            **computation(experiment, opened[0].record.preprocessing.bit_depth),
            **provenance(experiment, parts),
            # As the members were trained and calibrated.
            "preprocessing": opened[0].about["preprocessing"],
            "outputs": _OUTPUTS,
            "licence": note.splitlines()[0].lstrip("# "),
            "intended_use": INTENDED_USE,
            "golden": golden_results(golden, decision_rule),
            "sha256": {each["file"]: each["sha256"] for each in listed},
            "members": listed,
            "screen": screen.as_values(),
        }
        trained_on = TrainedOn.together([read_trained_on(each.folder) for each in opened])
        if trained_on is not None:
            trained_on.write(bundle.trained_on)
            about["trained_on"] = trained_on.about()
        bundle.licence.write_text(note, encoding="utf-8")
        finish(bundle, about, decision_rule)
        load_bundle(bundle)


def _opened(members: Sequence[Member]) -> list[_Opened]:
    """The members' bundles, whole and alike."""
    if len(members) < 2:
        raise ModelError(f"An ensemble needs two members or more. Received: {len(members)}.")
    opened = []
    for member in members:
        folder = BundleFolder.find(member.path)
        about, record = read_about(folder)
        check_manifest(folder, expected=record.manifest is not None)
        if record.members:
            raise ModelError(
                f"{folder.path} is itself an ensemble. Expected: a bundle with one network. Name its members' runs."
            )
        opened.append(_Opened(member, folder, about, record, read_decision_rule(folder)))
    _check_alike(opened)
    return opened


def _check_alike(opened: Sequence[_Opened]) -> None:
    first = opened[0]
    for each in opened[1:]:
        for what, wanted, found in (
            ("labels", first.record.labels, each.record.labels),
            ("preprocessing", first.record.preprocessing.model_dump(), each.record.preprocessing.model_dump()),
        ):
            if wanted != found:
                raise ModelError(
                    f"{each.folder.path} cannot be in one ensemble with {first.folder.path}, as they differ in "
                    f"{what}. Expected: {wanted}. Received: {found}. Train all members by the same experiment."
                )
        if each.folder.golden.read_bytes() != first.folder.golden.read_bytes():
            raise ModelError(
                f"{each.folder.golden} is another golden picture than {first.folder.golden}: another version of "
                f"xraykit or OpenCV drew it. Train all members with the same versions."
            )


def _copied(each: _Opened, bundle: BundleFolder, number: int) -> dict[str, Any]:
    """Copy a member's network and decision rule; what ``model.json`` lists of it."""
    network, record = bundle.member(number), each.record
    network.parent.mkdir(parents=True)
    shutil.copyfile(each.folder.model, network)
    rule = json_text(each.decision_rule.as_values())
    BundleFolder.decision_rule_of(network).write_text(rule, encoding="utf-8")
    return {
        "file": network.relative_to(bundle.path).as_posix(),
        "sha256": record.sha256[each.folder.model.name],
        "seed": each.member.seed,
        "fold": each.member.fold,
        "golden_logits": record.golden.logits,
        "backbone": record.backbone,
        "precision": record.precision,
        "initial_weights": record.initial_weights,
        "data_fingerprint": record.data_fingerprint,
    }
