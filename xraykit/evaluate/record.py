"""The whole content of ``metrics.json`` of an external validation: metrics, network, collection and warnings."""

import hashlib
import json
from typing import Any

import pandas as pd

from xraykit.bundle import BundleFolder, Classifier, Contamination, read_about
from xraykit.config import Evaluation
from xraykit.data import reading_facts
from xraykit.evaluate.collections import Collected
from xraykit.evaluate.contamination import overlap_with_run
from xraykit.evaluate.contents import (
    NO_RUN,
    NOT_BY_SOURCE,
    common_means,
    differences,
    external_metrics,
    internal_metrics,
)
from xraykit.evaluate.planning import Planned
from xraykit.evaluate.scoring import ScoredPictures
from xraykit.evaluate.warnings import warnings_of


def whole_record(
    planned: Planned, classifier: Classifier, scored: ScoredPictures, table: pd.DataFrame, met: Contamination
) -> dict[str, Any]:
    """The content of ``metrics.json``, except for the hash of the table of predictions.

    Args:
        planned: What is evaluated on what.
        classifier: The network.
        scored: Its outputs.
        table: From :func:`.evaluation_table`.
        met: The radiographs that the network has met in its training.
    """
    collected, settings, rule = planned.collected, planned.settings, classifier.decision_rule
    subgroups = tuple(name for name in ("sex", "age", "view", *collected.catalog.columns, "input_check"))
    # Nothing is fitted: the name of the method is what the page says of the frozen calibration.
    methods = sorted({each.method for each in rule.calibrations.values()} - {"none"})
    calibration = methods[0] if methods else "none"
    section = Evaluation.model_validate(
        {"resamples": settings.resamples, "subgroups": subgroups, "calibration": calibration}
    )
    metrics = external_metrics(table, rule, planned.shared, section, collected.part, collected.split, settings.seed)
    shared = rule.take(list(planned.shared.pairs))
    internal = internal_metrics(planned.run, shared) if planned.run else None
    common = common_means(
        metrics, internal, table, planned.run, shared, resamples=settings.resamples, seed=settings.seed
    )
    facts = {
        "name": collected.name,
        "network": _network(planned, classifier),
        "collection": _collection(collected, scored),
        "labels": {
            "shared": dict(planned.shared.pairs),
            "only_model": list(planned.shared.only_model),
            "only_collection": list(planned.shared.only_collection),
        },
        "input_check": metrics.pop("input_check"),
        "calibration_in_the_large": metrics.pop("calibration_in_the_large"),
        "internal": internal,
        "internal_why": None if internal else NO_RUN,
        "differences": differences(metrics, internal),
        "common": common,
        "overlap": overlap_with_run(planned.bundle, planned.run, collected),
        "contamination": met.as_values(),
        "resamples": settings.resamples,
        "seed": settings.seed,
    }
    if collected.data.sources:
        metrics |= {"sources": None, "sources_why": NOT_BY_SOURCE}
    facts["warnings"] = warnings_of(facts, metrics)
    return {**metrics, "data_fingerprint": _fingerprint(collected), "evaluation": facts}


def _network(planned: Planned, classifier: Classifier) -> dict[str, Any]:
    bundle, about = planned.bundle, classifier.about
    return {
        "run": planned.run.short_path if planned.run else _folder_name(bundle),
        "sha256": read_about(bundle)[1].network_sha256,
        "labels": list(classifier.labels),
        "data_fingerprint": about.get("data_fingerprint"),
        "backbone": about.get("backbone"),
        "preprocessing": dict(about["preprocessing"]),
        "xraykit": about.get("xraykit"),
        "decision_rule": classifier.decision_rule.as_values(),
    }


def _folder_name(bundle: BundleFolder) -> str:
    """What a network without its run is called: ``model`` says nothing."""
    path = bundle.path.resolve()
    return path.parent.name if path.name == "model" else path.name


def _collection(collected: Collected, scored: ScoredPictures) -> dict[str, Any]:
    catalog = collected.catalog
    return {
        "format": collected.data.format,
        "label_file": catalog.source,
        "label_file_sha256": catalog.label_file_sha256,
        "radiographs": len(catalog),
        "patients": int(catalog.table["patient"].nunique()),
        "unreadable": len(scored.broken),
        "missing_images": catalog.missing_images,
        **reading_facts(catalog),
    }


def _fingerprint(collected: Collected) -> str:
    """SHA-256 of label file and radiographs; of the labels only their annotation counts, not which are scored."""
    content = [collected.catalog.label_file_sha256, sorted(collected.catalog.table["image"])]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
