"""A network that could never be loaded again is refused when it is built."""

import keras
import pytest
from keras import layers

from xraykit.errors import ModelError
from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.saveable import check_saveable

pytestmark = pytest.mark.slow


class Twice(layers.Layer):
    def call(self, x):
        return 2 * x

    def compute_output_shape(self, shape):
        return shape


@keras.saving.register_keras_serializable(package="saveabletest")
class Thrice(layers.Layer):
    def call(self, x):
        return 3 * x


def half(x):
    return x / 2


@keras.saving.register_keras_serializable(package="saveabletest")
def quarter(x):
    return x / 4


def network(*steps):
    pixels = keras.Input((8, 8, 1))
    x = pixels
    for step in steps:
        x = step(x)
    return keras.Model(pixels, x)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (layers.Lambda(lambda x: x), "a Lambda layer"),
        (Twice(), "Twice of "),
        (layers.Activation(half), "the function 'half'"),
        (layers.Activation(lambda x: x), "a lambda function"),
        (layers.TimeDistributed(Twice()), "Twice of "),
    ],
)
def test_what_keras_cannot_find_by_name_is_refused(step, said):
    with pytest.raises(ModelError, match=f"never loaded again. It has: {said}"):
        check_saveable(network(step))


def test_layers_and_functions_with_a_name_are_taken_and_load_again(tmp_path):
    model = network(
        RadiographAugmentation(),
        Thrice(),
        layers.Conv2D(2, 3, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed=1)),
        layers.Activation(quarter),
        lambda x: x * 2 + keras.ops.mean(x),
    )
    check_saveable(model)
    model.save(tmp_path / "model.keras")
    keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)


def test_an_error_without_a_text_is_named_by_its_kind():
    class Silent(keras.Model):
        def get_config(self):
            raise NotImplementedError

    with pytest.raises(ModelError, match=r"without a usable get_config\(\) \(NotImplementedError\)"):
        check_saveable(Silent())
