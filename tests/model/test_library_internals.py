"""The unpublished names of Keras and TensorFlow: seen with these versions, and still what they were."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from xraykit.model.library_internals import (
    KERAS_VERSIONS,
    TENSORFLOW_VERSIONS,
    ArrayUpdates,
    allow_nondeterminism,
    forget_consumers,
    run_graph,
    with_constant_weights,
)


@pytest.mark.parametrize(
    ("version", "seen"), [(keras.__version__, KERAS_VERSIONS), (tf.__version__, TENSORFLOW_VERSIONS)]
)
def test_the_installed_version_is_one_that_the_names_were_seen_with(version, seen):
    assert version.rpartition(".")[0] in seen, "run tests/model; if it passes, add the version to library_internals.py"


def test_a_graph_is_run_with_replaced_operations():
    pixels = keras.Input((2,))
    graph = keras.Function(pixels, keras.layers.ReLU()(keras.layers.Rescaling(2.0)(pixels)))

    def without_relu(operation):
        return (lambda tensor: tensor) if isinstance(operation, keras.layers.ReLU) else operation

    assert np.asarray(run_graph(graph, tf.constant([[-1.0, 3.0]]), without_relu)).tolist() == [[-2.0, 6.0]]


def test_forgotten_consumers_are_no_longer_referred_to():
    layer = keras.layers.Dense(3)
    output = layer(keras.Input((2,)))
    keras.layers.Dense(4)(output)
    assert len(layer._outbound_nodes) == 1
    forget_consumers(layer)
    assert layer._outbound_nodes == []


def test_an_optimizer_updates_each_array_by_the_given_function():
    class Halving(ArrayUpdates, keras.optimizers.Adam):
        def update_function(self, learning_rate):
            return lambda index, variable, gradient: variable.assign(gradient * (index + 1))

    variables = [keras.Variable([0.0]), keras.Variable([0.0, 0.0])]
    optimizer = Halving(0.5)
    optimizer.apply([tf.constant([3.0]), tf.constant([1.0, 2.0])], variables)
    assert [np.asarray(variable).tolist() for variable in variables] == [[3.0], [2.0, 4.0]]
    assert [slot.shape for slot in optimizer.slots("velocities")] == [(1,), (2,)]


def test_determinism_can_be_switched_off_again():
    from tensorflow.python.framework import config

    was_enabled = config.is_op_determinism_enabled()
    try:
        tf.config.experimental.enable_op_determinism()
        allow_nondeterminism()
        assert not config.is_op_determinism_enabled()
    finally:
        if was_enabled:
            tf.config.experimental.enable_op_determinism()


def test_the_weights_of_a_frozen_function_are_constants():
    factor = tf.Variable([2.0, 3.0])
    function = tf.function(lambda x: x * factor, input_signature=[tf.TensorSpec([2])]).get_concrete_function()
    frozen = with_constant_weights(function)
    factor.assign([0.0, 0.0])
    assert np.asarray(frozen(tf.constant([1.0, 1.0]))[0]).tolist() == [2.0, 3.0]
