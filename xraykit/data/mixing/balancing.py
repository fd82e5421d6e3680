"""How much more often radiographs with rare findings are drawn: ``training.sampling: balanced``."""

import numpy as np

_COMMON = 0.5


def repeat_factors(targets: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    """How often each radiograph is drawn for one draw of a radiograph without findings.

    Repeat factor sampling (Gupta et al. 2019, "LVIS: A Dataset for Large Vocabulary Instance Segmentation"): a finding
    with the share f among the radiographs in which it is known has the factor max(1, √(½ / f)), and a radiograph has
    that of its rarest finding. The root keeps the few radiographs of a very rare finding from filling the epochs. The
    paper's threshold is ½ here, the share at which a finding is as often present as absent.

    Args:
        targets: ``(n, L)`` of the training part: 1, 0, between them (soft), or NaN = unknown. A soft target of 0.7
            counts as 0.7 of its finding; an unknown one as none.
        times: ``(n,)`` how often each radiograph would be drawn otherwise; left out, all alike.

    Returns:
        ``(n,)`` float64, from 1.
    """
    present = np.where(np.isnan(targets), 0.0, targets).astype(np.float64)
    weights = np.ones(len(targets)) if times is None else times
    known = weights @ ~np.isnan(targets)
    share = (weights @ present) / np.where(known > 0, known, 1)
    factors = np.sqrt(np.maximum(_COMMON / np.where(share > 0, share, _COMMON), 1))
    of_findings: np.ndarray = (1 + present * (factors - 1)).max(axis=1, initial=1.0)
    return of_findings


def drawn_by_share(expected: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Rows drawn as often as expected, each its whole number of times or once more.

    The remainders are drawn by systematic sampling in random order: the number of all draws is always the same, and a
    row's average is exact.

    Args:
        expected: ``(n,)`` float64 from 0, how often each row is drawn on average; their sum is a whole number.
        generator: Of the random numbers.

    Returns:
        Row numbers, as many as the sum of ``expected``.
    """
    whole = np.floor(expected).astype(np.intp)
    order = generator.permutation(len(expected))
    ends = np.cumsum((expected - whole)[order])
    # The sum is a whole number but for rounding; were it not made one, a draw could be missing or left over.
    ends *= round(float(ends[-1])) / max(float(ends[-1]), 1e-12)
    ends[-1] = round(float(ends[-1]))
    reached = np.floor(np.concatenate([[0.0], ends]) + generator.random()).astype(np.intp)
    return np.concatenate([np.repeat(np.arange(len(expected)), whole), np.repeat(order, np.diff(reached))])
