"""A run folder with everything in it, made of random numbers in a moment: what a report is drawn from."""

import cv2
import numpy as np
import pandas as pd

from xraykit.bundle import BundleFolder
from xraykit.config import Evaluation, Experiment, SplitRecord
from xraykit.config.rules import Rule
from xraykit.data.formats.nih import FINDINGS
from xraykit.evaluation import DecisionRule, Metadata, Predictions, localisation_metrics, metadata_baseline
from xraykit.evaluation.predictions import assess
from xraykit.report import choose_examples, draw_gallery
from xraykit.runs.folder import RunFolder

SPLIT = "by patient 70/10/20, seed 7"
GALLERY = 3  # labels with heat maps
BOX = (0.1, 0.2, 0.3, 0.35)


def made_up_run(path, labels=FINDINGS, *, split=SPLIT, cases=160, seed=0, resamples=200, skill=1.4):
    """Write a run folder and return it.

    The last label has no positives in the test part and the one before it very few.
    """
    folder, bundle = RunFolder(path), BundleFolder(path / "model")
    path.mkdir(parents=True)
    predictions = _predictions(labels, cases, seed, skill)
    decision_rule = _decision_rule(predictions, labels)
    probabilities = decision_rule.probabilities(predictions[[f"{label}_logit" for label in labels]].to_numpy())
    for column, label in enumerate(labels):
        predictions[f"{label}_probability"] = probabilities[:, column]
    metrics = _metrics(predictions, decision_rule, labels, split, seed, resamples)
    folder.write_table(folder.predictions, predictions)
    folder.write_table(folder.history, _history())
    folder.write_json(folder.data, _data(predictions, labels, split))
    folder.write_metrics(metrics)
    folder.write_json(bundle.decision_rule, decision_rule.as_values())
    folder.write_json(bundle.about, _about(labels, split))
    folder.write_text(folder.experiment, Experiment().to_yaml())
    _search(folder)
    _gallery(folder, predictions, decision_rule, labels, split)
    return folder


def _predictions(labels, cases, seed, skill):
    random = np.random.default_rng(seed)
    patients = random.integers(0, cases, 2 * cases)
    table = pd.DataFrame(
        {
            "image": [f"{number:08d}_000.png" for number in range(2 * cases)],
            "patient": [f"secret-{number}" for number in patients],
            "part": ["validation"] * cases + ["test"] * cases,
            "sex": np.array(["M", "F"])[patients % 2],
            "age": (patients * 7) % 95,
            "view": np.array(["PA", "AP"])[random.integers(0, 2, 2 * cases)],
        }
    )
    sick = (table["view"] == "AP").to_numpy()
    for number, label in enumerate(labels):
        shown = random.random(2 * cases) < (0.35 - 0.02 * number) * np.where(sick, 1.4, 0.6)
        if number >= len(labels) - 2 > 0:
            shown &= table["part"].eq("validation").to_numpy()
            shown[cases : cases + 3 * (len(labels) - 1 - number)] = number == len(labels) - 2
        table[label] = shown.astype(float)
        table[f"{label}_logit"] = random.normal(size=2 * cases) + skill * random.random() * shown + 0.4 * sick
    table.loc[5:9, labels[0]] = np.nan
    return table


def _decision_rule(predictions, labels):
    part = predictions[predictions["part"] == "validation"]
    rules = {label: Rule("youden") for label in labels} | {labels[0]: Rule("sensitivity", 0.95)}
    logits = part[[f"{label}_logit" for label in labels]].to_numpy()
    return DecisionRule.fit(
        part[list(labels)],
        logits,
        labels,
        method="platt",
        rules=rules,
        fitted_on="the validation part",
        patients=part["patient"].to_numpy(),
        min_patients=1,
    )


def _metrics(predictions, decision_rule, labels, split, seed, resamples):
    settings = Evaluation(resamples=resamples, prevalence={labels[0]: 0.03})
    test = predictions[predictions["part"] == "test"]
    validation = predictions[predictions["part"] == "validation"]
    targets = test[list(labels)].to_numpy()
    logits = test[[f"{label}_logit" for label in labels]].to_numpy()
    scored = Predictions(test["image"].tolist(), test["patient"].tolist(), labels, targets, logits)
    facts = [Metadata(*(part[name].to_numpy() for name in ("sex", "age", "view"))) for part in (validation, test)]
    return {
        **assess(predictions, decision_rule, settings, SplitRecord.read(split), seed=seed),
        "validation": {"roc_auc": 0.77, "epoch": 4, "epochs": 6},
        "data_fingerprint": str(seed) * 64,
        "fingerprints": {"label_file": "a" * 64, "image_list": "b" * 64},
        "shortcuts": metadata_baseline(facts[0], validation[list(labels)], facts[1], scored, resamples, seed),
        "localisation": _localisation(labels, seed),
        "study": {"name": "made-up", "trials": 12, "test_part_met": 2},
    }


def _localisation(labels, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :24] / 24

    def maps(spread):
        places = random.normal((0.25, 0.4), spread, (24, 2))
        return np.stack([np.exp(-((x - across) ** 2 + (y - down) ** 2) / 0.02) for across, down in places])

    made = {"grad_cam": maps(0.1), "integrated_gradients": maps(0.2), "random_weights": maps(0.4)}
    made["centre_prior"] = np.repeat(np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.02)[None], 24, axis=0)
    made["grad_cam"][:2] = 0
    pairs = [labels[number % 2] for number in range(24)]
    images = [f"{number % 20}.png" for number in range(24)]
    patients = np.arange(24) % 18
    return localisation_metrics(made, [[BOX]] * 24, pairs, images, patients)


def _history():
    epochs = np.arange(1, 7)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "loss": 1 / epochs,
            "val_loss": 0.4 + 1 / epochs,
            "val_roc_auc": [0.6, 0.7, 0.74, 0.77, 0.76, 0.75],
            "learning_rate": 1e-3,
            "stage": ["frozen"] * 3 + ["whole"] * 3,
        }
    )


def _data(predictions, labels, split):
    def part(rows):
        return {
            "images": len(rows),
            "patients": int(rows["patient"].nunique()),
            "sex": {"M": int((rows["sex"] == "M").sum()), "F": int((rows["sex"] == "F").sum()), "unknown": 0},
            "age": {"median": float(rows["age"].median()), "low": 0, "high": 94, "unknown": 0},
            "view": {"PA": int((rows["view"] == "PA").sum()), "AP": int((rows["view"] == "AP").sum()), "unknown": 0},
            "labels": {
                label: {
                    "positives": int((rows[label] == 1).sum()),
                    "negatives": int((rows[label] == 0).sum()),
                    "unknown": int(rows[label].isna().sum()),
                }
                for label in labels
            },
        }

    parts = {name: predictions[predictions["part"] == name] for name in ("validation", "test")}
    return {
        "label_file": "Data_Entry_2017_v2020.csv",
        "label_file_sha256": "a" * 64,
        "image_list_sha256": "b" * 64,
        "split": split,
        "fingerprint": "c" * 64,
        "missing_images": 2,
        "unreadable": [],
        "parts": {"train": part(pd.concat(parts.values())), **{name: part(rows) for name, rows in parts.items()}},
    }


def _about(labels, split):
    return {
        "labels": list(labels),
        "preprocessing": {"size": 224, "max_megapixels": 64.0, "reader_version": 1},
        "golden": {"logits": [0.0] * len(labels)},
        "sha256": {"model.keras": "d" * 64},
        "screen": {},
        "split": split,
        "backbone": "densenet121",
        "inputs": "grey pictures 224 x 224, 0-255",
        "xraykit": "0.1.0",
        "keras": "3.15.1",
        "intended_use": "research only; not a medical device",
    }


def _search(folder):
    folder.search.mkdir()
    picture = np.full((90, 160, 3), 230, np.uint8)
    cv2.line(picture, (10, 80), (150, 10), (178, 114, 0), 3)
    cv2.imwrite(str(folder.search / "optimization_history.png"), picture)
    trials = pd.DataFrame({"number": range(3), "state": ["complete", "pruned", "complete"]})
    trials["macro_roc_auc"] = [0.71, 0.62, 0.77]
    trials["model.dropout_rate"] = [0.1, 0.2, 0.3]
    folder.write_table(folder.search / "trials.csv", trials)


def _gallery(folder, predictions, decision_rule, labels, split):
    looks = choose_examples(predictions, decision_rule.thresholds, labels[:GALLERY], 1)
    pictures = np.stack([made_up_picture(number) for number in range(len(looks))])
    y, x = np.mgrid[:64, :64]
    heat = np.zeros(pictures.shape, np.float32)
    heat[1:] = np.exp(-((x - 20) ** 2 + (y - 28) ** 2) / 150)
    boxes = {(look.image, look.label): [BOX] for look in looks[:2]}
    draw_gallery(looks, pictures, heat, boxes, folder.gradcam, opacity=0.5, split=split, method="Grad-CAM")


def made_up_picture(seed, size=64):
    """A picture ``(size, size)`` uint8 that looks like two lungs from afar."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    lungs = sum(np.exp(-(((x - side) / 0.3) ** 2 + (y / 0.6) ** 2)) for side in (-0.45, 0.45))
    noise = np.random.default_rng(seed).normal(0, 8, (size, size))
    return np.clip(190 - 150 * lungs + noise, 0, 255).astype(np.uint8)
