"""Whether a run reproduces another one, in a few lines for a person."""

from xraykit.runs.reproduction import Changed, MetricsAgreement, Reproduction, SplitAgreement

_SHOWN_AT_MOST = 6


def describe_reproduction(found: Reproduction) -> str:
    """A few lines for a person."""
    lines = [f"Reproduction of {found.original}:"]
    lines += [f"  settings: {_yes(found.same_settings)}{_listed(found.settings)}"]
    lines += [
        f"  data fingerprint: {_yes(found.same_data)}",
        f"  contents of the pictures: {_yes(found.same_pictures)}",
    ]
    lines += [f"  split: {_split(found.split)}"]
    lines += [f"  metrics ({found.part} part): {_metrics(found.metrics)}"]
    lines += [f"  environment: {_yes(not found.environment)}{_listed(found.environment)}"]
    return "\n".join(lines)


def _split(agreement: SplitAgreement | None) -> str:
    if agreement is None:
        return "not recorded by the original"
    same = f"the same for all {agreement.images} radiographs"
    return same if not agreement.moved else f"DIFFERENT for {agreement.moved} of {agreement.images} radiographs"


def _metrics(agreement: MetricsAgreement) -> str:
    if not agreement.different:
        rounded = f", {agreement.rounded} of them but for rounding" if agreement.rounded else " to the last digit"
        return f"the same, all {agreement.compared} numbers{rounded}"
    before, after = ("none" if value is None else f"{value:.4f}" for value in agreement.macro_roc_auc)
    text = f"DIFFERENT in {agreement.different} of {agreement.compared} numbers; macro ROC AUC {before}, now {after}"
    if agreement.largest is not None:
        largest = agreement.largest
        text += f"; most in {largest.name}: {largest.original:g}, now {largest.reproduced:g}"
    return text


def _yes(same: bool | None) -> str:
    return "not recorded by the original" if same is None else "the same" if same else "DIFFERENT"


def _listed(changed: list[Changed]) -> str:
    if not changed:
        return ""
    shown = "; ".join(f"{each.name} {each.original}, now {each.reproduced}" for each in changed[:_SHOWN_AT_MOST])
    more = len(changed) - _SHOWN_AT_MOST
    return f" ({shown}{f'; and {more} more' if more > 0 else ''})"
