"""A trained network with everything that belongs to it, in one folder that can be passed on; and prediction.

Importing this package is cheap: a missing bundle is reported before Keras takes its seconds to be imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.bundle.classifier import Classifier as Classifier
    from xraykit.bundle.contents import ModelRecord as ModelRecord
    from xraykit.bundle.contents import read_about as read_about
    from xraykit.bundle.contents import read_decision_rule as read_decision_rule
    from xraykit.bundle.ensembles import Member as Member
    from xraykit.bundle.ensembles import write_ensemble as write_ensemble
    from xraykit.bundle.folder import BundleFolder as BundleFolder
    from xraykit.bundle.golden import golden_results as golden_results
    from xraykit.bundle.inputs import OpenedPicture as OpenedPicture
    from xraykit.bundle.inputs import Source as Source
    from xraykit.bundle.inputs import inside as inside
    from xraykit.bundle.inputs import open_source as open_source
    from xraykit.bundle.loading import load_model as load_model
    from xraykit.bundle.trained_on import Contamination as Contamination
    from xraykit.bundle.trained_on import TrainedOn as TrainedOn
    from xraykit.bundle.trained_on import check_contamination as check_contamination
    from xraykit.bundle.trained_on import contamination as contamination
    from xraykit.bundle.trained_on import describe_contamination as describe_contamination
    from xraykit.bundle.trained_on import read_trained_on as read_trained_on
    from xraykit.bundle.writing import copy_bundle as copy_bundle
    from xraykit.bundle.writing import write_bundle as write_bundle
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
