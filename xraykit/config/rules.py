"""The rules of operating points, as an experiment file names them."""

import re
from dataclasses import dataclass

from xraykit.errors import DataError

TARGETS = ("sensitivity", "specificity", "precision")


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen: ``youden``, ``f1``, or a target such as ``sensitivity>=0.95``.

    Youden's rule takes the largest sensitivity + specificity − 1 (Cancer 1950;3:32–35), ``f1`` the largest F1. A target
    for sensitivity is met with the largest specificity that leaves, one for specificity or precision with the
    largest sensitivity.

    Attributes:
        metric: ``youden``, ``f1``, ``sensitivity``, ``specificity`` or ``precision``.
        target: Least value of the last three, above 0 and at most 1; None for the first two.
    """

    metric: str
    target: float | None = None

    def __post_init__(self) -> None:
        allowed = self.target is None if self.metric in ("youden", "f1") else self.metric in TARGETS
        if not allowed or (self.metric in TARGETS and not (self.target is not None and 0 < self.target <= 1)):
            raise _not_a_rule(str(self))

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """The rule that an experiment file names.

        Raises:
            DataError: it is not one.
        """
        found = re.fullmatch(r"\s*([a-z0-9]+)\s*(?:(?:>=|≥)\s*([0-9.]+)\s*)?", text)
        try:
            return cls(found[1], None if found[2] is None else float(found[2])) if found else cls(text)
        except ValueError as error:
            raise _not_a_rule(text) from error

    def __str__(self) -> str:
        return self.metric if self.target is None else f"{self.metric}>={self.target:.12g}"


def _not_a_rule(received: str) -> DataError:
    targets = ", ".join(f"{metric}>=0.95" for metric in TARGETS)
    return DataError(
        f"This is not a rule for an operating point. Allowed: youden, f1, or a target above 0 and at most 1, such as "
        f"{targets}. Received: {received!r}."
    )
