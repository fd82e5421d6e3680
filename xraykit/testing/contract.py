"""How a broken contract is reported."""

from xraykit.errors import XraykitError


def require(error: type[XraykitError], entry: str, kept: bool, broken: str) -> None:
    """Raise ``error`` unless a part of the contract is kept.

    Args:
        error: The class of the error.
        entry: What is checked, such as ``The backbone 'mine'``.
        kept: Whether it keeps this part.
        broken: The rest of the sentence, such as ``has no weights to train``.
    """
    if not kept:
        raise error(f"{entry} breaks the contract: it {broken}. See docs/extending.md.")
