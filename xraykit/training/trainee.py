"""The model that is compiled and fitted: the same layers, with steps that start fast under TensorFlow."""

import keras
import numpy as np

from xraykit.config import Training
from xraykit.data import Batches, raising_the_cause
from xraykit.model import backend
from xraykit.model.optimizers import OptimizerRecipe, build_optimizer
from xraykit.training.callbacks import SCORE


def trainee_of(model: keras.Model, xla: bool, group: backend.DeviceGroup | None = None) -> keras.Model:
    """The model to compile and fit, with the same layers and variables; ``model`` itself remains uncompiled.

    Args:
        model: On one device, or on those of ``group``.
        xla: ``training.xla``.
        group: The devices, if there are several.
    """
    if group is not None:
        return group.trainee(model)
    if keras.backend.backend() != "tensorflow":
        return keras.Model(model.inputs, model.outputs, name=model.name)
    if not backend.runs_in_pieces(xla):
        from xraykit.model.tensorflow.unread import UnreadSteps

        return UnreadSteps(model.inputs, model.outputs, name=model.name)
    from xraykit.model.tensorflow.steps import in_pieces

    return in_pieces(model)


def optimizer_of(trainee: keras.Model, recipe: OptimizerRecipe, xla: bool) -> keras.optimizers.Optimizer:
    """The optimizer of a recipe in its initial state.

    Args:
        trainee: Of :func:`trainee_of`.
        recipe: What the optimizer does.
        xla: Whether the model is trained with XLA.
    """
    if backend.runs_in_pieces(xla):
        return trainee.optimizer_for(recipe)
    return build_optimizer(recipe, trainee)


def plateau_of(training: Training) -> list[keras.callbacks.Callback]:
    """The callback that lowers the learning rate on a plateau, if the experiment has one."""
    if training.plateau is None or training.schedule != "plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            monitor=SCORE,
            mode="max",
            factor=training.plateau.factor,
            patience=training.plateau.patience,
            min_lr=training.plateau.min_learning_rate,
            min_delta=0.0,
        )
    ]


def logits_of(model: keras.Model, batches: Batches, xla: bool) -> np.ndarray:
    """Logits ``(n, L)`` of batches in order, computed by the functions that were traced during the training.

    Args:
        model: Trained.
        batches: Unshuffled.
        xla: Whether it was trained with XLA.
    """
    if not backend.runs_in_pieces(xla):
        with raising_the_cause(batches):
            return np.asarray(model.predict(batches, verbose=0))
    trainee = trainee_of(model, xla)
    trainee.compile(run_eagerly=True)
    with raising_the_cause(batches), backend.light_graphs():
        return np.asarray(trainee.predict(batches, verbose=0))
