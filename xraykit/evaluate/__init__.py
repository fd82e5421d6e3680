"""External validation: a finished network applied to another collection without fitting anything.

Also the command ``xraykit evaluate RUN other.yaml``. Importing this package is cheap: the command reports
mistakes before anything heavy is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.evaluate.collections import Collected as Collected
    from xraykit.evaluate.collections import Which as Which
    from xraykit.evaluate.collections import collect as collect
    from xraykit.evaluate.collections import experiment_of as experiment_of
    from xraykit.evaluate.collections import labels_given as labels_given
    from xraykit.evaluate.collections import name_of as name_of
    from xraykit.evaluate.collections import words_of as words_of
    from xraykit.evaluate.contamination import OnContamination as OnContamination
    from xraykit.evaluate.contamination import look_up as look_up
    from xraykit.evaluate.contamination import to_look_up as to_look_up
    from xraykit.evaluate.contamination import with_pictures as with_pictures
    from xraykit.evaluate.external import evaluate_on as evaluate_on
    from xraykit.evaluate.matching import SharedLabels as SharedLabels
    from xraykit.evaluate.matching import shared_labels as shared_labels
    from xraykit.evaluate.scoring import ScoredPictures as ScoredPictures
    from xraykit.evaluate.scoring import score_pictures as score_pictures
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
