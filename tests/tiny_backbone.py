"""A backbone that trains in seconds, for tests in which the real one is not the point."""

from xraykit.registry import register_backbone


@register_backbone("tiny", min_size=16)
def tiny(pixels, weights=None):
    from keras import layers

    x = layers.Rescaling(1 / 255, name="tiny_preprocessing")(pixels)
    for number, filters in enumerate((8, 16, 32)):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name=f"tiny_convolution_{number}")(x)
        x = layers.BatchNormalization(name=f"tiny_normalisation_{number}")(x)
        x = layers.ReLU(name=f"tiny_activation_{number}")(x)
    return x
