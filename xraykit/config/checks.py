"""What one section of an experiment must be for the others, and the names that its strategies must have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xraykit.config.data.section import Data
from xraykit.config.evaluation_section import Evaluation
from xraykit.config.reading import Document, KeyPath
from xraykit.config.search.points import extremes, outside
from xraykit.config.search.section import Search
from xraykit.config.sections import PUBLISHED_WEIGHTS, Model
from xraykit.config.training.section import Training
from xraykit.config.weights_files import complaint_about_weights
from xraykit.registry import BACKBONES, FORMATS, LOSSES, STRATEGIES, unknown_name


def check_names(data: Data, model: Model, training: Training, search: Search | None, document: Document) -> None:
    """Formats, backbone, loss and search engine must be known, and the pictures large enough for the backbone.

    Raises:
        ExperimentError: one is unknown, or the pictures are too small.
    """
    for path, registry, word in (
        *formats_named(data),
        (("model", "backbone"), BACKBONES, model.backbone),
        (("training", "loss"), LOSSES, training.loss),
        (("search", "engine"), STRATEGIES, search.engine if search else "optuna"),
    ):
        complaint = None if word in registry.names() else registry.complaint(word)
        if complaint is not None:
            raise document.refusal_of(path, complaint)
    smallest = BACKBONES.get(model.backbone).min_size
    if data.image_size < smallest:
        message = f"{model.backbone} takes pictures of at least {smallest} pixels. Received: {data.image_size}."
        raise document.refusal_of(("data", "image_size"), message)


def formats_named(data: Data) -> list[tuple[KeyPath, Any, str]]:
    """The data formats of an experiment: where each is named, the registry that it must be in, and its name."""
    if not data.sources:
        return [(("data", "format"), FORMATS, data.format)]
    return [(("data", "sources", at, "format"), FORMATS, source.format) for at, source in enumerate(data.sources)]


def check_evaluation(evaluation: Evaluation, data: Data, document: Document) -> None:
    """Labels and columns that the evaluation names must be those of the data.

    Raises:
        ExperimentError: one is not.
    """
    for key in ("operating_points", "prevalence"):
        for label in getattr(evaluation, key):
            if label not in data.labels:
                message = unknown_name("label of this experiment", label, data.labels)
                raise document.refusal_of(("evaluation", key, label), message)
    columns = ("sex", "age", "view", *data.columns)
    for column in evaluation.subgroups:
        if column not in columns:
            message = f"{unknown_name('column', column, columns)} Name further ones in data.columns."
            raise document.refusal_of(("evaluation", "subgroups"), message)


def check_weights(model: Model, document: Document) -> None:
    """A file of weights must exist and be one, and published weights must be those of the backbone.

    Raises:
        ExperimentError: it is missing or of another kind or network, or they are not.
    """
    weights, published = model.weights, BACKBONES.get(model.backbone).published_weights
    if weights is None or weights == published:
        return
    if weights not in PUBLISHED_WEIGHTS and Path(weights).is_file():
        own_format = not BACKBONES.is_builtin(model.backbone)
        complaint = complaint_about_weights(Path(weights), model.backbone, model.network, own_format=own_format)
        if complaint is not None:
            message = (
                f"the file {weights} {complaint}. Expected: the model.keras of an earlier run with the backbone "
                f"{model.backbone}, or a weights file of it."
            )
            raise document.refusal_of(("model", "weights"), message)
        return
    missing = ", which is a folder" if Path(weights).is_dir() else ", which is missing"
    missing = "" if weights in PUBLISHED_WEIGHTS else missing
    message = f"expected none, {published}, or the path of a weights file. Received: {weights!r}{missing}."
    raise document.refusal_of(("model", "weights"), message)


def check_space(search: Search, document: Document, complaint: Callable[[Mapping[str, Any]], str | None]) -> None:
    """Every end of the search space, and every starting point, must be what the experiment itself would take.

    Args:
        search: The section ``search``.
        document: The experiment as it was written.
        complaint: From values of the experiment, path to value, to what it refuses of them; None: nothing.

    Raises:
        ExperimentError: the experiment would refuse one.
    """
    for key, values in extremes(search.space):
        refused = complaint(values)
        if refused:
            message = f"the experiment would refuse a value of this range: {refused}"
            raise document.refusal_of(("search", "space", key), message)
    for number, point in enumerate(search.enqueue):
        refused = outside(point, search.space) or complaint(point)
        if refused:
            message = f"this starting point is not in the search space: {refused}"
            raise document.refusal_of(("search", "enqueue", number), message)
