"""The content of an experiment file: typed, strict, frozen."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.config.data.label_names import NO_FINDING as NO_FINDING
    from xraykit.config.data.label_names import LabelNames as LabelNames
    from xraykit.config.data.label_names import plain_name as plain_name
    from xraykit.config.data.section import MOST_MEGAPIXELS as MOST_MEGAPIXELS
    from xraykit.config.data.section import Data as Data
    from xraykit.config.data.source import SOURCE as SOURCE
    from xraykit.config.data.source import Source as Source
    from xraykit.config.data.split import Split as Split
    from xraykit.config.data.split_record import OUT_OF_FOLD as OUT_OF_FOLD
    from xraykit.config.data.split_record import SplitRecord as SplitRecord
    from xraykit.config.data.split_record import part_text as part_text
    from xraykit.config.data.split_record import split_text as split_text
    from xraykit.config.evaluation_section import MOST_GROUPS as MOST_GROUPS
    from xraykit.config.evaluation_section import Evaluation as Evaluation
    from xraykit.config.evaluation_section import Explain as Explain
    from xraykit.config.evaluation_section import ViewsName as ViewsName
    from xraykit.config.experiment import Experiment as Experiment
    from xraykit.config.experiment import load_data as load_data
    from xraykit.config.experiment import load_experiment as load_experiment
    from xraykit.config.experiment import schema as schema
    from xraykit.config.overrides import is_override as is_override
    from xraykit.config.paths import expand as expand
    from xraykit.config.reading import read_file as read_file
    from xraykit.config.reading import read_yaml as read_yaml
    from xraykit.config.reading import write_yaml as write_yaml
    from xraykit.config.rules import Rule as Rule
    from xraykit.config.search.section import DIRECTIONS as DIRECTIONS
    from xraykit.config.search.section import OptunaSettings as OptunaSettings
    from xraykit.config.search.section import Search as Search
    from xraykit.config.search.space import Choices as Choices
    from xraykit.config.search.space import Range as Range
    from xraykit.config.search.space import Space as Space
    from xraykit.config.search.space import Value as Value
    from xraykit.config.section import Section as Section
    from xraykit.config.sections import FIGURE_KINDS as FIGURE_KINDS
    from xraykit.config.sections import PUBLISHED_WEIGHTS as PUBLISHED_WEIGHTS
    from xraykit.config.sections import Model as Model
    from xraykit.config.sections import Output as Output
    from xraykit.config.tracking_section import RegisteredModel as RegisteredModel
    from xraykit.config.tracking_section import Tracking as Tracking
    from xraykit.config.training.augmentation import Augmentation as Augmentation
    from xraykit.config.training.section import Training as Training
    from xraykit.config.words import experiment_words as experiment_words
    from xraykit.config.words import sorted_words as sorted_words
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
