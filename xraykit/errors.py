"""What can go wrong, by what its reader can do about it.

::

    XraykitError                  everything xraykit raises on purpose
    ├── ExperimentError           the experiment file or an override says something it may not say
    ├── RegistryError             a name is unknown, or registered twice
    ├── DataError                 label files, radiographs, splits or the picture cache
    │   ├── BrokenImageError      a file is no readable radiograph
    │   ├── PatientOverlapError   a patient stands in two parts
    │   ├── DuplicatePictureError a picture stands in two parts under different names
    │   └── SealedPartError       the test part was asked for while searching
    ├── ModelError                backbone, weights or head do not fit together
    ├── CheckpointError           a checkpoint is missing, damaged or of another experiment
    └── TrialFailed               this training failed, another one may not
        ├── NonFiniteLossError    the loss became NaN or infinite
        └── OutOfMemoryError      the device ran out of memory

Every message says what was wrong, what was expected, what was received and what to do next. The command line
prints them without a traceback; anything else that escapes is a fault of ours and keeps its traceback.
"""


class XraykitError(Exception):
    """Base of all errors that xraykit raises on purpose."""


class ExperimentError(XraykitError):
    """The experiment file or an override says something it may not say."""


class RegistryError(XraykitError):
    """A name is unknown to a registry, or was registered twice."""


class DataError(XraykitError):
    """Label files, radiographs, splits or the picture cache are not as they must be."""


class BrokenImageError(DataError):
    """A file is not a readable radiograph; the message names it."""


class PatientOverlapError(DataError):
    """A patient stands in two parts of a split; the message names patients."""


class DuplicatePictureError(DataError):
    """A picture stands in two parts of a split under different names; the message names some."""


class SealedPartError(DataError):
    """The test part was asked for while it is sealed, as it is during a search."""


class ModelError(XraykitError):
    """Backbone, weights or head do not fit together."""


class CheckpointError(XraykitError):
    """A checkpoint is missing, damaged, or belongs to another experiment."""


class TrialFailed(XraykitError):
    """This training failed for a reason of its own; a search records it and goes on."""


class NonFiniteLossError(TrialFailed):
    """The training loss became NaN or infinite."""


class OutOfMemoryError(TrialFailed):
    """The device ran out of memory."""
