"""The paired differences of two runs as plain text."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.config import part_text, split_text
from xraykit.system import counted, named_rows


def comparison_table(figures: Mapping[str, Any]) -> str:
    """What :func:`compare_runs` returns as plain text."""
    head = (
        f"{part_text(figures['part'])}, split: {split_text(figures['split'])}, "
        f"{counted(figures['images'], 'radiograph')} of {counted(figures['patients'], 'patient')}"
    )
    from xraykit.evaluation import shown_in

    runs = [f"{letter}: {name}" for letter, name in zip("AB", figures["runs"], strict=True)]
    tables = [line for each in shown_in("differences") for line in (each.title, _table(figures, each.name), "")]
    return "\n".join([head, *runs, "", *tables, *_notes(figures)])


def _table(figures: Mapping[str, Any], figure: str) -> str:
    named = {**figures["labels"], "macro mean": figures["macro"]}
    if figures["macro"]["few_cases"]:
        from xraykit.evaluation import ENOUGH_CASES

        named[ENOUGH_CASES] = figures["macro_enough_cases"]
    return "\n".join(named_rows({name: _row(each, figure) for name, each in named.items()}))


def _row(each: Mapping[str, Any], figure: str) -> dict[str, str]:
    before, after = each[figure]
    row = {
        "A": _number(before, ".3f"),
        "B": _number(after, ".3f"),
        "B - A (95 % interval)": _with_interval(each[f"{figure}_difference"], each[f"{figure}_difference_interval"]),
    }
    if figure == "roc_auc":
        row["p"], row["p (Holm)"] = (_number(each.get(name), ".2g") for name in ("p_value", "holm_p_value"))
    return {**row, "pos.": str(each.get("positives", "")), "neg.": str(each.get("negatives", ""))}


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
    if figures.get("labels_of_one"):
        notes.append(f"Known to A or to B alone, and not compared: {', '.join(figures['labels_of_one'])}.")
    if figures.get("radiographs_of_one"):
        many = counted(figures["radiographs_of_one"], "radiograph")
        notes.append(f"Scored by A or by B alone, and not compared: {many}.")
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
