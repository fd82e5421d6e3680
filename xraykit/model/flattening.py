"""Models inside a model: their layers become layers of one flat graph, which heat maps can explain."""

from collections.abc import Callable, Iterator
from typing import Any

import keras

from xraykit.errors import ModelError
from xraykit.model.hub_layers import complete_configurations
from xraykit.model.library_internals import run_graph
from xraykit.model.saveable import check_saveable


def nested_models(model: keras.Model) -> list[str]:
    """Names of the models among the layers of ``model``."""
    return [layer.name for layer in model.layers if isinstance(layer, keras.Model)]


def flattened(model: keras.Model) -> keras.Model:
    """A model with the same layers, values and results in one flat graph; ``model`` itself, if it is flat.

    Functional and sequential models inside it, at any depth, are replaced by their layers. A model that is a class of
    its own, whose ``call`` is Python code, has no graph and remains a layer; so does whatever is not a model.

    Args:
        model: Functional.

    Raises:
        ModelError: a layer could not be loaded again from a file; see :func:`check_saveable`.
    """
    if not nested_models(model):
        return model
    _name_apart(model)
    flat = keras.Model(model.input, run_graph(model, model.input, _operation), name=model.name)
    if nested_models(flat):
        return flat
    complete_configurations(flat.layers)
    check_saveable(flat)
    # New layers, as those of `flat` are still part of the nested graph too, and Keras would ask which of both is meant.
    fresh = _made_again(flat)
    for made, layer in zip(fresh.layers, flat.layers, strict=True):
        made.name = layer.name
        for variable, value in zip(made.variables, layer.variables, strict=True):
            variable.assign(value)
    return fresh


def _name_apart(model: keras.Model) -> None:
    """Give operations of nested models other names where two are the same: in one graph all names are unique."""
    taken, seen = {operation.name for operation in model.operations}, {id(each) for each in model.operations}
    for owner, operation in _inner_operations(model):
        if id(operation) in seen:
            continue
        name, number = operation.name, 1
        while name in taken:
            name, number = f"{owner.name}_{operation.name}{'' if number == 1 else f'_{number}'}", number + 1
        operation.name = name
        taken.add(name)
        seen.add(id(operation))


def _inner_operations(model: keras.Model) -> Iterator[tuple[keras.Model, Any]]:
    """The operations of all nested models, each with its model."""
    for each in _operations(model):
        if isinstance(each, keras.Model) and each is not model:
            yield from ((each, operation) for operation in _operations(each))
            yield from _inner_operations(each)


def _operations(model: keras.Model) -> list[Any]:
    return list(model.operations if isinstance(model, keras.Function) else model.layers)


def _made_again(flat: keras.Model) -> keras.Model:
    try:
        return keras.Model.from_config(flat.get_config())
    except Exception as error:
        # The code of a layer may be anybody's, and may raise anything.
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
        raise ModelError(
            f"The network {flat.name!r} could be trained and saved but never loaded again: one of its layers cannot be "
            f"made from its own configuration. {reason} Choose another backbone, or report this to its authors."
        ) from error


def _operation(operation: Any) -> Callable[..., Any]:
    """What is called in place of an operation of the graph."""
    if isinstance(operation, keras.Sequential):
        return _in_turn(operation.layers)
    if isinstance(operation, keras.Model) and isinstance(operation, keras.Function):
        return _in_graph(operation)
    return operation  # type: ignore[no-any-return]


def _in_turn(layers: list[keras.Layer]) -> Callable[..., Any]:
    def run(tensors: Any, **settings: Any) -> Any:
        for layer in layers:
            tensors = _operation(layer)(tensors)
        return tensors

    return run


def _in_graph(model: keras.Model) -> Callable[..., Any]:
    # `training` and `mask`, with which the model was called, are what Keras passes on to each layer when it runs.
    return lambda tensors, **settings: run_graph(model, tensors, _operation)
