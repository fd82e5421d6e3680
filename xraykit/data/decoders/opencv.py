"""Decoding of PNG and JPEG files by OpenCV."""

from collections.abc import Callable

import cv2
import numpy as np

from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.messages import decoded_with_messages


def decode_by_opencv(content: bytes, is_damage: Callable[[str], bool] = lambda line: False) -> np.ndarray:
    """Grey ``(H, W)`` or red, green and blue ``(H, W, 3)``, uint8 or uint16.

    Args:
        content: Of a PNG or JPEG file.
        is_damage: Whether a message of the decoder means that the file is damaged although it returned a picture.

    Raises:
        Damage: it cannot be decoded, or such a message was written.
    """
    coded = np.frombuffer(content, np.uint8)
    try:
        picture, messages = decoded_with_messages(
            lambda: cv2.imdecode(coded, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
        )
    except cv2.error as error:
        raise Damage(f"OpenCV cannot decode it ({error.err})") from None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        why = "; ".join(messages) or "its pixels are damaged or stored in a way that it does not know"
        raise Damage(f"OpenCV cannot decode it: {why}")
    warnings = list(filter(is_damage, messages))
    if warnings:
        raise Damage(f"it is damaged; its decoder warns: {'; '.join(warnings)}")
    return np.asarray(picture if picture.ndim == 2 else cv2.cvtColor(picture[..., :3], cv2.COLOR_BGR2RGB))
