"""Print how exact, large and fast exported networks are beside Keras, as Markdown.

python benchmarks/export.py [--backbones densenet121 mobilenet_v3_large] [--formats onnx litert savedmodel openvino]
python benchmarks/export.py --run runs/densenet/20260101-120000 --int8

Without --run, the networks have random weights, 14 labels and pictures of 224 pixels. Every export is verified as the
command does it. Pictures per second: batches of 16 phantoms (LiteRT: one at a time, as in its example), with as many
threads as each runtime takes by default; Keras and the runtime take turns, and the median of the ratios is printed.
With --int8 the loss in ROC AUC on the run's validation part is in the table.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from xraykit.config import Rule, load_experiment
from xraykit.export import TARGETS, ExportRecord, Quantisation, export_bundle, open_runtime

SIZE, LABELS = 224, ("Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia")
MORE = ("Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia")
PICTURES = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", nargs="+", default=["densenet121", "mobilenet_v3_large"])
    parser.add_argument("--formats", nargs="+", default=list(TARGETS), choices=list(TARGETS))
    parser.add_argument("--run", help="a finished run, in place of random weights")
    parser.add_argument("--int8", action="store_true", help="quantised; needs --run, for its data")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.int8 and not options.run:
        parser.error("--int8 needs --run, whose data it is calibrated and measured on")
    loss = " difference of mean ROC AUC | calls changed |" if options.int8 else ""
    print(f"| network | format | largest difference of a logit, of a probability | MB | pictures/s, Keras = 1 |{loss}")
    print("|---|---|---:|---:|---:|" + ("---:|---:|" if loss else ""))
    with tempfile.TemporaryDirectory() as folder:
        for name in [Path(options.run).parent.name] if options.run else options.backbones:
            bundle = Path(options.run) if options.run else random_bundle(name, Path(folder) / name)
            for to in options.formats:
                if options.int8 and TARGETS[to].no_int8:
                    continue
                quantisation = Quantisation() if options.int8 else None
                path, record = export_bundle(bundle, to, Path(folder) / f"{name} {to}", quantisation=quantisation)
                ratio = relative_speed(bundle, path, to, options.rounds)
                print(row(name, path, record, ratio), flush=True)


def row(name: str, path: Path, record: ExportRecord, ratio: float) -> str:
    found, lost = record.verification, record.quantisation
    network = path / record.network
    # OpenVINO's weights lie beside its description.
    files = [*network.rglob("*"), network, network.with_suffix(".bin")]
    size = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
    cells = [
        name,
        f"{record.format}{' int8' if lost else ''}",
        f"{found.largest_logit_difference:.1e}, {found.largest_probability_difference:.1e}",
        f"{size:.1f}",
        f"{ratio:.2f}",
    ]
    if lost:
        low, high = lost.macro.roc_auc_difference_interval or (float("nan"), float("nan"))
        cells.append(f"{lost.macro.roc_auc_difference:+.4f} ({low:+.4f} to {high:+.4f})")
        cells.append(f"{lost.calls_changed:,} of {lost.calls:,}")
    return "| " + " | ".join(cells) + " |"


def relative_speed(bundle: Path, path: Path, to: str, rounds: int) -> float:
    """Pictures per second of the runtime as a multiple of those of Keras."""
    from xraykit.bundle import load_model
    from xraykit.export.verification import phantoms

    classifier, runtime = load_model(bundle), open_runtime(TARGETS[to], path)
    pictures = phantoms(classifier.image_size, PICTURES)
    # The bundle's own graph is traced after some batches.
    for _ in range(6):
        classifier.logits(pictures, PICTURES)
    runtime.logits(pictures)
    ratios = []
    for _ in range(rounds):
        keras, other = (seconds(lambda way=way: way.logits(pictures)) for way in (classifier, runtime))
        ratios.append(keras / other)
    return statistics.median(ratios)


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def random_bundle(backbone: str, folder: Path) -> Path:
    """A bundle with random weights, whose decision rule is fitted on made-up logits."""
    from xraykit.bundle import write_bundle
    from xraykit.data import load_parts, read_radiograph
    from xraykit.evaluation import DecisionRule
    from xraykit.input_check import Screen
    from xraykit.model import backend, build_model

    labels = [*LABELS, *MORE]
    phantom = {"patients": 40, "images": 60, "size": SIZE, "prevalence": 0.4}
    data = {"format": "phantom", "root": str(folder / "data"), "image_size": SIZE, "labels": labels, "phantom": phantom}
    experiment = load_experiment({"name": "random", "data": data, "model": {"backbone": backbone, "weights": None}})
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    paths = parts.catalog_of("train").table["path"]
    backend.prepare(experiment.training, experiment.seed)
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (200, len(labels)))
    rule = DecisionRule.fit(
        logits + random.normal(0, 2, logits.shape) > 1,
        logits,
        labels,
        method="platt",
        rules=dict.fromkeys(labels, Rule.parse("youden")),
        fitted_on="made-up logits",
        patients=np.arange(len(logits)),
        min_patients=1,
    )
    pictures = np.stack([read_radiograph(path, SIZE) for path in paths])
    model = with_statistics(build_model(experiment), pictures[:16])
    write_bundle(folder / "model", model, experiment, rule, Screen.fit(pictures), parts)
    return folder / "model"


def with_statistics(model, pictures: np.ndarray):
    """A network with random weights as a trained one computes: normalised in every block, logits of a usual size."""
    import keras

    normalising = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalising]
    for layer in normalising:
        layer.momentum, layer.trainable = 0.0, True
    pixels = pictures[..., None].astype(np.float32)
    model(pixels, training=True)
    for layer, momentum in zip(normalising, momenta, strict=True):
        layer.momentum = momentum
    head = model.get_layer("logits")
    spread = float(np.std(np.asarray(model(pixels, training=False)))) or 1.0
    head.set_weights([weights * 2 / spread for weights in head.get_weights()])
    return model


if __name__ == "__main__":
    main()
