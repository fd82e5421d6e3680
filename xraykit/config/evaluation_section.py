"""The sections for the evaluation of the test part and for heat maps."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from xraykit.config.rules import Rule
from xraykit.config.section import Positive, Section, is_default
from xraykit.errors import DataError

MOST_GROUPS = 20
"""A column of subgroups with more values gets metrics for the most frequent ones; the others are one group."""

ViewsName = Literal["none", "shifts", "shifts_and_zooms", "flips", "shifts_zooms_and_flips"]
"""What test-time augmentation a network has; see :func:`xraykit.model.views.views_of`."""

Share = Annotated[float, Field(gt=0, lt=1)]


def _is_rule(text: str) -> str:
    try:
        return str(Rule.parse(text))
    except DataError as error:
        raise ValueError(str(error)) from error


RuleText = Annotated[str, AfterValidator(_is_rule)]


class Evaluation(Section):
    """How the test part is scored. Calibration and thresholds are fitted on the validation part alone."""

    calibration: Literal["platt", "temperature", "isotonic", "none"] = Field(
        "platt",
        description="How logits become probabilities, per label. `platt`: slope and shift, undoes the weighted loss; "
        "`temperature`: slope alone; `isotonic`: rising steps, needs hundreds of positives; `none`: the plain sigmoid.",
    )
    min_positive_patients: Positive = Field(
        10,
        description="Fewest patients of the validation part with a positive, and with a negative, for a label to get a "
        "calibration and a threshold; with fewer it has neither, and the report gives the reason.",
    )
    cross_fitting: Annotated[int, Field(ge=0, le=20)] = Field(
        0,
        description="Folds of the validation patients for cross-fitting: calibration and thresholds are also fitted "
        "without the patients they are measured on, and the report shows the optimism of the metrics in sample. "
        "0: none. The model's own calibration and thresholds do not change.",
    )
    operating_point: RuleText = Field(
        "youden",
        description="Rule that chooses each label's threshold: youden, f1, or a target: sensitivity>=0.95, "
        "specificity>=0.9, precision>=0.5.",
    )
    operating_points: dict[str, RuleText] = Field({}, description="Labels with a rule of their own.")
    prevalence: dict[str, Share] = Field(
        {},
        description="Share of positives among the radiographs of your own hospital, by label: predictive values are "
        "also given for it.",
    )
    subgroups: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        ("sex", "age", "view"),
        description="What the test part is divided by: sex, age, view, or columns named in data.columns. Of "
        f"a column with more than {MOST_GROUPS} values the rare ones are put together.",
    )
    age_bands: Annotated[tuple[Annotated[int, Field(ge=1, le=120)], ...], Field(strict=False)] = Field(
        (18, 40, 60, 80), description="First year of each age band but the youngest."
    )
    batch_size: Positive = Field(64, description="Pictures per step of prediction.")
    test_time_augmentation: ViewsName = Field(
        "none",
        description="Fixed views of each radiograph over which the network's logits are averaged: `shifts` by 3 % of "
        "the side (5 views), `shifts_and_zooms` (7), `flips` (2) and `shifts_zooms_and_flips` (14), both with flips "
        "only if training.augmentation.flip is on. Calibration, thresholds, metrics and the bundle all use the same "
        "views; epochs are compared without them. Prediction takes as many times as long as there are views.",
        exclude_if=is_default("none"),
    )
    resamples: Annotated[int, Field(ge=0, le=100_000)] = Field(
        1000,
        description="Bootstrap resamples of patients for 95 % intervals; fewer than 200 give no interval by bootstrap.",
    )

    @model_validator(mode="after")
    def _folds_are_several(self) -> "Evaluation":
        if self.cross_fitting == 1:
            raise ValueError("cross_fitting takes 2 folds or more, or 0 for none. Received: 1")
        return self

    @model_validator(mode="after")
    def _bands_rise(self) -> "Evaluation":
        if any(first >= second for first, second in zip(self.age_bands, self.age_bands[1:])):
            raise ValueError(f"age_bands must rise. Received: {', '.join(map(str, self.age_bands))}")
        return self

    def rule_of(self, label: str) -> Rule:
        """The rule that chooses a label's threshold."""
        return Rule.parse(self.operating_points.get(label, self.operating_point))


class Explain(Section):
    """Heat maps over test radiographs, and how well they match the boxes that come with the data."""

    per_kind: Annotated[int, Field(ge=0, le=20)] = Field(
        2,
        description="Heat maps per label of true and false positives and negatives each, the most confident first; 0 "
        "for no heat maps.",
    )
    opacity: Annotated[float, Field(gt=0, le=1)] = Field(0.4, description="Of the heat map over the radiograph.")
    scored: Annotated[int, Field(ge=0, le=100_000)] = Field(
        300,
        description="Heat maps scored against the boxes that come with the data: pairs of a test radiograph and a "
        "finding with boxes there, drawn at random if there are more; 0 for none. Integrated gradients take long on a "
        "CPU.",
    )
