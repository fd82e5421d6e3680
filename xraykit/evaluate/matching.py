"""Which label of a collection is which of the network's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xraykit.config import LabelNames
from xraykit.errors import DataError


@dataclass(frozen=True)
class SharedLabels:
    """The labels of a network and of a collection.

    Attributes:
        pairs: The network's label to that of the collection, in the order of the network's outputs.
        only_model: Labels of the network that the collection does not annotate.
        only_collection: Labels of the collection that the network does not know.
    """

    pairs: Mapping[str, str]
    only_model: tuple[str, ...]
    only_collection: tuple[str, ...]


def shared_labels(
    model: Sequence[str],
    collection: Sequence[str],
    given: Mapping[str, str] | None = None,
    names: LabelNames | None = None,
) -> SharedLabels:
    """The labels in common: by choice, by the same name, or by another name of the same finding.

    Args:
        model: The network's labels, in the order of its outputs.
        collection: Those of the collection.
        given: Labels of the network to those of the collection, chosen by the user.
        names: Which names mean the same; left out, those of the built-in table of synonyms.

    Raises:
        DataError: a given label is unknown, a name could be several labels, or there are no labels in common.
    """
    chosen = dict(given or {})
    _check_given(chosen, model, collection)
    free = [label for label in collection if label not in chosen.values()]
    pairs = {}
    for label in model:
        found = chosen.get(label) or _named(label, free, names or LabelNames())
        if found is not None:
            pairs[label] = found
    if not pairs:
        raise DataError(
            f"The network and the collection have no label in common. Labels of the network: {', '.join(model)}. "
            f"Labels of the collection: {', '.join(collection)}. Name those that mean the same with --label "
            f"MODEL=COLLECTION, or choose others with data.labels."
        )
    _check_once(pairs)
    return SharedLabels(
        pairs,
        tuple(label for label in model if label not in pairs),
        tuple(label for label in collection if label not in pairs.values()),
    )


def _named(label: str, collection: Sequence[str], names: LabelNames) -> str | None:
    if label in collection:
        return label
    alike = names.same(label, collection)
    if len(alike) > 1:
        raise DataError(
            f"{label} could be {' or '.join(alike)} of the collection. Expected: one label for each. Choose it with "
            f"--label {label}={alike[0]}, or leave the other out of data.labels."
        )
    return alike[0] if alike else None


def _check_given(given: Mapping[str, str], model: Sequence[str], collection: Sequence[str]) -> None:
    for label, other in given.items():
        for name, known, whose in ((label, model, "network"), (other, collection, "collection")):
            if name not in known:
                raise DataError(
                    f"--label {label}={other}: the {whose} has no label {name!r}. Expected: "
                    f"MODEL=COLLECTION. Labels of the {whose}: {', '.join(known)}."
                )


def _check_once(pairs: Mapping[str, str]) -> None:
    for other in pairs.values():
        twice = [label for label, found in pairs.items() if found == other]
        if len(twice) > 1:
            raise DataError(
                f"{other} of the collection would be {' and '.join(twice)} of the network. Expected: each label once. "
                f"Choose with --label MODEL=COLLECTION."
            )
