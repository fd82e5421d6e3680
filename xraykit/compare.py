"""Paired comparison of two runs on the same radiographs: ``python -m xraykit.compare RUN RUN``."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xraykit.config import split_text
from xraykit.errors import DataError
from xraykit.system import check_ending, counted, file_path, home_expanded, run_command

PARTS = ("test", "validation")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two runs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit status: 0, 2 after an error of the user's, 130 if stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    return run_command(lambda: _compare(options))


def compare_runs(
    first: str | Path, second: str | Path, *, part: str = "test", resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Second run minus first run on the same radiographs, from their ``predictions.csv``.

    Args:
        first: Run folder of the reference run.
        second: Run folder of the new run.
        part: ``test``, or ``validation``, on which both were chosen.
        resamples: Bootstrap resamples of patients for the 95 % intervals; 0 for none.
        seed: Of the drawing.

    Returns:
        Plain values that JSON can hold: those of :func:`xraykit.evaluation.paired_differences`, each label also with
        ``holm_p_value`` (:func:`xraykit.evaluation.holm`); ``runs`` (two names), ``not_trained``, ``part``, ``split``,
        ``data_fingerprint``, ``test_part_met`` (of each run: how often its study met the test part), ``resamples``
        and ``seed``.

    Raises:
        DataError: a run is not finished, or the runs differ in split, data, radiographs, labels or patients.
        NonFiniteLossError: a logit is missing or not finite.
    """
    from xraykit.runs import FinishedRun

    runs = [FinishedRun.open(first), FinishedRun.open(second)]
    splits = [run.split for run in runs]
    _check_same("split", splits, same=splits[0].same_as(splits[1]))
    prints = [run.summary.data_fingerprint for run in runs]
    _check_same("fingerprint of data and parts", prints, same=prints[0] == prints[1])
    # Imported late, as it takes a second.
    from xraykit.evaluation import holm, masked_targets, paired_differences
    from xraykit.evaluation.predictions import with_true_counts

    predictions = [run.scored(part) for run in runs]
    # The outputs of a label that either run did not train are noise: it is counted, and nothing is compared.
    untrained = {label: "" for run in runs for label in run.summary.untrained}
    masked = [replace(each, targets=masked_targets(each.targets, each.labels, untrained)) for each in predictions]
    figures = paired_differences(masked[0], masked[1], resamples, seed)
    if untrained:
        with_true_counts(
            figures["labels"], paired_differences(predictions[0], predictions[1], 0, seed)["labels"], untrained
        )
    adjusted = holm({label: each["p_value"] for label, each in figures["labels"].items()})
    for label, each in figures["labels"].items():
        each["holm_p_value"] = adjusted[label]
    return {
        "runs": [run.short_path for run in runs],
        "part": part,
        "split": splits[0].as_values(),
        "data_fingerprint": prints[0],
        "not_trained": sorted(untrained),
        "test_part_met": [run.summary.test_part_uses for run in runs],
        "resamples": resamples,
        "seed": seed,
        **figures,
    }


def comparison_table(figures: Mapping[str, Any]) -> str:
    """What :func:`compare_runs` returns as plain text, about 100 characters wide."""
    head = (
        f"{figures['part'].capitalize()} part, split: {split_text(figures['split'])}, "
        f"{counted(figures['images'], 'radiograph')} of {counted(figures['patients'], 'patient')}"
    )
    from xraykit.evaluation import shown_in

    runs = [f"{letter}: {name}" for letter, name in zip("AB", figures["runs"], strict=True)]
    tables = [line for each in shown_in("differences") for line in (each.title, _table(figures, each.name), "")]
    return "\n".join([head, *runs, "", *tables, *_notes(figures)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xraykit.compare",
        description="Two runs on the same radiographs: paired differences with intervals, per finding and on average.",
    )
    parser.add_argument("first", type=home_expanded, metavar="RUN", help="folder of the reference run")
    parser.add_argument("second", type=home_expanded, metavar="RUN", help="folder of the new run")
    parser.add_argument("--part", choices=PARTS, default="test", help="which part (default: test)")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples of patients (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
    parser.add_argument("--to", metavar="FILE.json", type=file_path, help="also write the metrics to this file")
    return parser


def _compare(options: argparse.Namespace) -> int:
    check_ending(options.to, (".json",))
    if options.resamples < 0 or options.seed < 0:
        raise DataError(
            f"--resamples and --seed must be 0 or more. Received: {options.resamples} and {options.seed}. Leave them "
            f"out for 1000 resamples with seed 0."
        )
    figures = compare_runs(
        options.first, options.second, part=options.part, resamples=options.resamples, seed=options.seed
    )
    print(comparison_table(figures))
    if options.to:
        from xraykit.runs import RunFolder

        RunFolder(options.to.parent).write_json(options.to, figures)
    return 0


def _check_same(what: str, values: Sequence[Any], *, same: bool) -> None:
    if not same:
        raise DataError(
            f"The two runs cannot be compared: they differ in their {what}. First: {values[0]}. Second: {values[1]}. "
            f"A difference of their metrics could come from different radiographs alone. Train both on the same label "
            f"file, radiographs, split and seed (split_seed)."
        )


def _table(figures: Mapping[str, Any], figure: str) -> str:
    import pandas as pd

    named = {**figures["labels"], "macro mean": figures["macro"]}
    if figures["macro"]["few_cases"]:
        from xraykit.evaluation import ENOUGH_CASES

        named[ENOUGH_CASES] = figures["macro_enough_cases"]
    text = pd.DataFrame([_row(each, figure) for each in named.values()], index=list(named)).to_string()
    return "\n".join(line.rstrip() for line in text.splitlines())


def _row(each: Mapping[str, Any], figure: str) -> dict[str, str]:
    before, after = each[figure]
    row = {
        "pos.": str(each.get("positives", "")),
        "neg.": str(each.get("negatives", "")),
        "A": _number(before, ".3f"),
        "B": _number(after, ".3f"),
        "B - A (95 % interval)": _with_interval(each[f"{figure}_difference"], each[f"{figure}_difference_interval"]),
    }
    if figure == "roc_auc":
        row["p"], row["p (Holm)"] = (_number(each.get(name), ".2g") for name in ("p_value", "holm_p_value"))
    return row


def _with_interval(difference: float | None, interval: Sequence[float] | None) -> str:
    if difference is None:
        return "not estimable"
    return f"{difference:+.3f}" + (f" ({interval[0]:+.3f} to {interval[1]:+.3f})" if interval else "")


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _notes(figures: Mapping[str, Any]) -> list[str]:
    tests = sum(each["p_value"] is not None for each in figures["labels"].values())
    notes = [
        "B - A: above 0 is better for B. In brackets: 95 % intervals over patients, the same for both runs.",
        f"Intervals of the average precision: by bootstrap ({figures['resamples']} resamples, seed {figures['seed']}).",
        "p: test that both ROC AUCs are equal, with the variance over patients (Obuchowski 1997).",
        f"These are {tests} tests: where nothing differs, one p in 20 is below 0.05 by chance. p (Holm) is "
        f"adjusted for all {tests}: use it.",
        *_lacking(figures),
    ]
    if figures["not_trained"]:
        notes.append(f"Not trained in A or in B, and not compared: {', '.join(figures['not_trained'])}.")
    if figures["part"] == "validation":
        notes.append(
            "The epoch and, in a search, all values were chosen on the validation part: both runs look too good."
        )
    if max(figures["test_part_met"]) > 1:
        times = " and ".join(map(str, figures["test_part_met"]))
        notes.append(f"The studies of A and B have used the test part {times} times: it is no longer unseen.")
    return notes


def _lacking(figures: Mapping[str, Any]) -> list[str]:
    """Why some labels have no p value and no interval."""
    from xraykit.evaluation import ENOUGH_CASES, ENOUGH_PATIENTS, LEAST_RESAMPLES

    notes, few = [], figures["macro"]["few_cases"]
    if few:
        notes += [
            f"Fewer than {ENOUGH_PATIENTS} patients with a positive or with a negative: {', '.join(few)}.",
            "They have no p value and no interval of the average precision. The macro mean contains them; "
            f"'{ENOUGH_CASES}' does not.",
        ]
    same = [label for label, each in figures["labels"].items() if each["p_value_reason"] == "no_variation"]
    if same:
        notes.append(f"No p value, as the difference does not vary between patients: {', '.join(same)}.")
    if figures["resamples"] < LEAST_RESAMPLES:
        notes.append(
            f"{figures['resamples']} resamples are too few for an interval by bootstrap: {LEAST_RESAMPLES} at least."
        )
    return notes


if __name__ == "__main__":
    sys.exit(main())
