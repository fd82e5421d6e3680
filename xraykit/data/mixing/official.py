"""The official lists of several sources as one split."""

from collections.abc import Mapping, Sequence

from xraykit.config import Data, Source, SplitRecord
from xraykit.data.catalog import Catalog


def uses_lists(data: Data, source: Source) -> bool:
    """Whether the test part of a source is its official list; with folds, whether it is held out."""
    if data.split.method == "folds" and data.split.held_out == "none":
        return False
    return (source.split_method or data.split.dividing_method) == "official"


def merged_official(data: Data, members: Sequence[tuple[Source, Catalog]]) -> dict[str, frozenset[str]] | None:
    """The lists of all sources that keep their official split; None if all are divided by patient.

    Besides ``train_val``, ``validation`` and ``test`` there is ``train``: the training lists of sources with a
    validation list, of which nothing is taken for validation; and ``undivided``: the radiographs of sources without
    an official split.
    """
    if not any(uses_lists(data, source) for source, _ in members):
        return None
    lists: dict[str, set[str]] = {name: set() for name in ("train", "train_val", "validation", "test", "undivided")}
    for source, catalog in members:
        whole = {"undivided": frozenset(catalog.table["image"])}
        own = _of_source(catalog.official) if uses_lists(data, source) else whole
        for name, images in own.items():
            lists[name] |= {f"{source.name}/{image}" for image in images}
    return {name: frozenset(images) for name, images in lists.items() if images or name in ("train_val", "test")}


def mixed_record(catalog: Catalog, data: Data, seed: int) -> SplitRecord:
    """How the sources of a merged catalog were divided."""
    official = [source.name for source in data.sources if uses_lists(data, source)]
    by_patient = [source.name for source in data.sources if source.name not in official]
    split = data.split.model_copy(update=_whole_method(data, bool(official)))
    lists = {source.name: f" with the test part {source.test_list}" for source in catalog.sources if source.test_list}
    owner = " and ".join(name + lists.get(name, "") for name in official)
    if by_patient:
        shares = "/".join(f"{100 * share:.4g}" for share in (split.train, split.validation, split.test))
        owner += f" (by patient {shares}: {' and '.join(by_patient)})"
    record = SplitRecord.of(split, seed, owner)
    if record.method == "folds":
        return record
    nothing_divided = bool(official) and not (catalog.official or {}).get("train_val")
    return record.model_copy(update={"shares": {}}) if nothing_divided else record


def _whole_method(data: Data, official: bool) -> dict[str, str]:
    """What the sources together are divided by."""
    if data.split.method != "folds":
        return {"method": "official" if official else "patient"}
    return {} if data.split.held_out == "none" else {"held_out": "official" if official else "share"}


def _of_source(official: Mapping[str, frozenset[str]] | None) -> dict[str, frozenset[str]]:
    lists = dict(official or {})
    if "validation" in lists and "train_val" in lists:
        lists["train"] = lists.pop("train_val")
    return lists
