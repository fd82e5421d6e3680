"""What all sections of an experiment file have in common."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""Pattern of names that become folders."""

Positive = Annotated[int, Field(ge=1)]


def is_default(default: Any) -> Callable[[Any], bool]:
    """For ``exclude_if`` of a key that earlier versions did not know: what they wrote stays the same text."""
    return lambda value: bool(value == default)


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, types are strict, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True)

    @classmethod
    def sections(cls) -> dict[str, type[BaseModel]]:
        """Sections that this one may contain besides its fields, by key."""
        return {}
