"""ROC AUC within strata, such as hospitals: positives are compared with negatives of their own stratum alone.

It is the share of such pairs that are ranked rightly: the mean of the strata's ROC AUCs, weighted by their numbers of
pairs (Hanley and McNeil's estimate applied to each stratum; see Janes and Pepe, "Adjusting for covariates in studies of
diagnostic, screening or prognostic markers", Am J Epidemiol 2008;168:89-97, for why the pooled ROC AUC differs). What
tells strata apart and nothing else scores 0.5, whatever the prevalences are.
"""

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import Floats
from xraykit.evaluation.statistics.clustered_auc import ClusteredAuc, class_counts, clustered_auc
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients


def stratified_auc(y: npt.ArrayLike, p: npt.ArrayLike, codes: Codes, strata: npt.ArrayLike) -> ClusteredAuc | None:
    """ROC AUC of one label within strata, with its components by patient.

    Its intervals are those of any :class:`.ClusteredAuc`; the numbers of pairs count as fixed.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        codes: Each case's patient ``(n,)``, from :func:`xraykit.evaluation.statistics.resampling.patient_codes`; one
            may be in several strata.
        strata: Each case's stratum ``(n,)``.

    Returns:
        None if no stratum has a positive and a negative.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    labels, names = np.asarray(y, np.float64), np.asarray(strata)
    inside = [np.where(names == name, labels, np.nan) for name in np.unique(names)]
    found = [(each, auc) for each in inside if (auc := clustered_auc(each, p, codes)) is not None]
    if not found:
        return None
    pairs = np.array([float(auc.positives.cases) * auc.negatives.cases for _, auc in found])
    shares = pairs / pairs.sum()
    used = np.where(np.any([~np.isnan(each) for each, _ in found], axis=0), labels, np.nan)
    patients = number_of_patients(codes)
    return ClusteredAuc(
        float(shares @ [auc.auc for _, auc in found]),
        _mean(shares, [auc.of_positives for _, auc in found]),
        _mean(shares, [auc.of_negatives for _, auc in found]),
        class_counts(codes[used == 1], patients),
        class_counts(codes[used == 0], patients),
    )


def _mean(shares: Floats, components: list[Floats]) -> Floats:
    return np.asarray(shares @ np.stack(components), np.float64)
