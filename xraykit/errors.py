"""What can go wrong, by what its reader can do about it.

::

    XraykitError                  everything xraykit raises on purpose
    ├── ExperimentError           an invalid key or value in the experiment file or an override
    ├── RegistryError             a name is unknown, or registered twice
    ├── DataError                 label files, radiographs, splits or the picture cache
    │   ├── BrokenImageError      a file is not a readable radiograph
    │   ├── PatientOverlapError   a patient is in two parts
    │   ├── DuplicatePictureError a picture is in two parts under different names
    │   └── SealedPartError       the test part was requested during a search
    ├── ModelError                backbone, weights or head do not fit together
    ├── CallbackError             a callback that was given to a training failed
    ├── CheckpointError           a checkpoint is missing, damaged or of another experiment
    └── TrialFailed               this training failed, another one may not
        ├── NonFiniteLossError    the loss became NaN or infinite
        └── OutOfMemoryError      the device ran out of memory

Every message names what was wrong, what was expected, what was received and what to do next. The command line
prints it without a traceback; any other exception is a bug in xraykit and keeps its traceback.
"""


class XraykitError(Exception):
    """Base of all errors that xraykit raises on purpose."""


class ExperimentError(XraykitError):
    """The experiment file or an override has an invalid key or value."""


class RegistryError(XraykitError):
    """A name is unknown to a registry, or was registered twice."""


class DataError(XraykitError):
    """Label files, radiographs, splits or the picture cache are invalid."""


class BrokenImageError(DataError):
    """A file is not a readable radiograph; the message names it."""


class PatientOverlapError(DataError):
    """A patient is in two parts of a split; the message names patients."""


class DuplicatePictureError(DataError):
    """A picture is in two parts of a split under different names; the message names some."""


class ContaminationError(DataError):
    """Radiographs to be tested on were met in the training of the network, or of the weights that it starts from."""


class SealedPartError(DataError):
    """The test part was requested while it is sealed, as during a search."""


class ModelError(XraykitError):
    """Backbone, weights or head do not fit together."""


class CallbackError(XraykitError):
    """A callback that was given to a training is none of Keras', or failed."""


class CheckpointError(XraykitError):
    """A checkpoint is missing, damaged, or belongs to another experiment."""


class TrialFailed(XraykitError):
    """This training failed, another one may not; a search records it and continues."""


class NonFiniteLossError(TrialFailed):
    """The training loss became NaN or infinite."""


class OutOfMemoryError(TrialFailed):
    """The device ran out of memory."""
