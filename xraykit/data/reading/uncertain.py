"""What uncertain and blank cells of labels mean, as an experiment sets it; shared by formats with a report labeller.

A labeller that reads reports gives 1 (present), 0 (absent), -1 (uncertain) or nothing (not mentioned). An uncertain
label is unknown wherever results are measured, whatever the policy; the policy says what the training learns from it.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from xraykit.config import Section

Share = Annotated[float, Field(ge=0, le=1, strict=False)]


class Smooth(Section):
    """Uncertain labels become numbers of a range in the training."""

    smooth: Annotated[tuple[Share, Share], Field(strict=False)] = Field(
        description="Lowest and highest target. Pham et al. (2019) used [0.55, 0.85] in place of ones and [0, 0.3] in "
        "place of zeros.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Smooth":
        low, high = self.smooth
        if low > high:
            raise ValueError(f"smooth must be [low, high], the lower number first. Received: [{low:g}, {high:g}]")
        return self


def _kind(given: Any) -> Literal["Smooth", "str"]:
    return "Smooth" if isinstance(given, Smooth | dict) else "str"


Policy = Literal["ignore", "zeros", "ones"] | Smooth
# With a discriminator a mistake is reported for the kind that was given alone.
_AnyPolicy = Annotated[
    Annotated[Literal["ignore", "zeros", "ones"], Tag("str")] | Annotated[Smooth, Tag("Smooth")], Discriminator(_kind)
]


class UncertainLabels(Section):
    """Settings of a format whose labels come from a report labeller."""

    uncertain: _AnyPolicy = Field(
        "ignore",
        description="What the training learns from an uncertain label: `ignore` (nothing), `zeros`, `ones`, or "
        "`{smooth: [low, high]}` (a number of that range, drawn for each radiograph and label by their names, so that "
        "it is the same in every run). Metrics never use an uncertain label, whatever is set here.",
    )
    uncertain_of: dict[str, _AnyPolicy] = Field({}, description="Label to its own policy, where it is another one.")
    blank: Literal["absent", "unknown"] = Field(
        "absent",
        description="What a blank cell of a label means. The finding is not mentioned in the report, which the authors "
        "of the labels read as absent.",
    )

    def policy(self, label: str) -> Policy:
        """The policy for the uncertain labels of one finding."""
        return self.uncertain_of.get(label, self.uncertain)


def policy_text(policy: Policy) -> str:
    """A policy in one or two words, such as ``zeros`` or ``smooth 0.55-0.85``."""
    if isinstance(policy, Smooth):
        low, high = policy.smooth
        return f"smooth {low:g}-{high:g}"
    return policy
