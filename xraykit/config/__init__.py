"""The content of an experiment file: typed, strict, frozen."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.config.data_section import MOST_MEGAPIXELS as MOST_MEGAPIXELS
    from xraykit.config.data_section import Data as Data
    from xraykit.config.data_section import Split as Split
    from xraykit.config.evaluation_section import MOST_GROUPS as MOST_GROUPS
    from xraykit.config.evaluation_section import Evaluation as Evaluation
    from xraykit.config.evaluation_section import Explain as Explain
    from xraykit.config.experiment import Experiment as Experiment
    from xraykit.config.experiment import load_data as load_data
    from xraykit.config.experiment import load_experiment as load_experiment
    from xraykit.config.experiment import schema as schema
    from xraykit.config.label_names import LabelNames as LabelNames
    from xraykit.config.labels import NO_FINDING as NO_FINDING
    from xraykit.config.overrides import is_override as is_override
    from xraykit.config.paths import expand as expand
    from xraykit.config.reading import read_file as read_file
    from xraykit.config.reading import read_yaml as read_yaml
    from xraykit.config.reading import write_yaml as write_yaml
    from xraykit.config.rules import Rule as Rule
    from xraykit.config.search_section import DIRECTIONS as DIRECTIONS
    from xraykit.config.search_section import OptunaSettings as OptunaSettings
    from xraykit.config.search_section import Search as Search
    from xraykit.config.search_space import Choices as Choices
    from xraykit.config.search_space import Range as Range
    from xraykit.config.search_space import Space as Space
    from xraykit.config.search_space import Value as Value
    from xraykit.config.section import Section as Section
    from xraykit.config.sections import Augmentation as Augmentation
    from xraykit.config.sections import Model as Model
    from xraykit.config.sections import Output as Output
    from xraykit.config.sections import Tracking as Tracking
    from xraykit.config.sections import Training as Training
    from xraykit.config.source import SOURCE as SOURCE
    from xraykit.config.source import Source as Source
    from xraykit.config.split_record import SplitRecord as SplitRecord
    from xraykit.config.split_record import split_text as split_text
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
