"""Training on several devices under TensorFlow: ``MirroredStrategy`` with the arithmetic of one device.

The network that is trained stays on the first device, with its optimizer. A copy of it with mirrored variables, which
takes its values at each step, computes the gradients: each device handles its rows of the batch. Sums over all devices
make the statistics of batch normalisation, the loss and the gradients those of the whole batch. What is random is
drawn for the whole batch, and each device takes its rows. The result is that of one device up to the order of
summation; checkpoints, optimizers and schedules are those of one device.
"""

from xraykit.model.tensorflow.mirrored.group import MirroredGroup, MirroredModel

__all__ = ["MirroredGroup", "MirroredModel"]
