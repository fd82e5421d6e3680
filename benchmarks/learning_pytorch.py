"""The PyTorch side of benchmarks/learning.py: the usual script, on the parts that xraykit wrote.

torchvision's network without weights; global average pooling, a dense layer of 256 units, dropout 0.3 and the logits;
the weighted loss with unknown labels masked; Adam at 1e-3, lowered on a plateau of the validation macro ROC AUC; shift,
rotation, zoom and contrast drawn as xraykit draws them, in one bilinear interpolation; the weights of the best epoch.
"""

import copy
import json
import os
import sys
import time
from typing import Any

import numpy as np
import torch
import torchvision
from sklearn.metrics import roc_auc_score
from torch import nn

MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def network(name: str, labels: int) -> nn.Module:
    """Features of torchvision's network, and xraykit's head."""
    if name == "densenet121":
        features = nn.Sequential(torchvision.models.densenet121(weights=None).features, nn.ReLU())
        channels = 1024
    else:
        features, channels = torchvision.models.mobilenet_v3_small(weights=None).features, 576
    for module in features.modules():
        if isinstance(module, nn.BatchNorm2d):
            # xraykit's model.normalisation_momentum of 0.9, as PyTorch counts it.
            module.momentum = 0.1
    pooling = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    head = [nn.Linear(channels, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, labels)]
    return nn.Sequential(features, *pooling, *head)


def prepared(pictures: torch.Tensor) -> torch.Tensor:
    """From ``(B, 1, S, S)`` 0–255 to three normalised channels."""
    scaled = (pictures.expand(-1, 3, -1, -1) / 255 - MEAN[:, None, None]) / DEVIATION[:, None, None]
    return scaled.contiguous(memory_format=torch.channels_last)


def augmented(pictures: torch.Tensor, amounts: dict[str, Any]) -> torch.Tensor:
    """Shift, rotation and zoom in one bilinear interpolation, then contrast; black outside."""
    count, size = len(pictures), pictures.shape[-1]

    def drawn(largest: float) -> torch.Tensor:
        return (torch.rand(count) * 2 - 1) * largest

    angle, scale = torch.deg2rad(drawn(amounts["rotation"])), 1 / (1 + drawn(amounts["zoom"]))
    shifts = 2 * drawn(amounts["shift"]), 2 * drawn(amounts["shift"])
    rows = torch.stack([scale * torch.cos(angle), -scale * torch.sin(angle), shifts[0]], 1)
    columns = torch.stack([scale * torch.sin(angle), scale * torch.cos(angle), shifts[1]], 1)
    grid = nn.functional.affine_grid(torch.stack([rows, columns], 1), [count, 1, size, size], align_corners=False)
    moved = nn.functional.grid_sample(pictures, grid, padding_mode="zeros", align_corners=False)
    mean = moved.mean((1, 2, 3), keepdim=True)
    return ((moved - mean) * (1 + drawn(amounts["contrast"]))[:, None, None, None] + mean).clip(0, 255)


def weighted_loss(weights: tuple[torch.Tensor, torch.Tensor], logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Weighted binary cross-entropy: mean over the known entries of each label, summed over the labels."""
    known, positive = ~torch.isnan(y), torch.nan_to_num(y)
    terms = weights[0] * positive * nn.functional.softplus(-logits)
    terms = terms + weights[1] * (1 - positive) * nn.functional.softplus(logits)
    return ((terms * known).sum(0) / known.sum(0).clamp(min=1)).sum()


def class_weights(targets: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Share of negatives, share of positives."""
    positives = np.nanmean(targets, axis=0)
    return torch.tensor(1 - positives, dtype=torch.float32), torch.tensor(positives, dtype=torch.float32)


def macro_roc_auc(y: np.ndarray, logits: np.ndarray) -> float:
    """Mean over the labels with positives and negatives."""
    known = [~np.isnan(column) for column in y.T]
    pairs = [(column[rows], z[rows]) for column, z, rows in zip(y.T, logits.T, known)]
    return float(np.mean([roc_auc_score(a, b) for a, b in pairs if 0 < a.sum() < len(a)]))


@torch.no_grad()
def predicted(model: nn.Module, pictures: torch.Tensor) -> np.ndarray:
    """Logits in order."""
    model.eval()
    return torch.cat([model(prepared(part.float())) for part in pictures.split(64)]).numpy()


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.manual_seed(job["seed"])
    parts = np.load(job["parts"])
    pictures = {part: torch.from_numpy(parts[f"{part}_pictures"])[:, None] for part in ("train", "validation", "test")}
    targets = torch.from_numpy(parts["train_targets"]).float()
    amounts = json.loads(str(parts["augmentation"]))
    model = network(job["network"], targets.shape[1]).to(memory_format=torch.channels_last)
    weights = class_weights(parts["train_targets"])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", factor=0.3, patience=3, threshold=0.0, min_lr=1e-6
    )
    best, kept, best_epoch, started = -1.0, copy.deepcopy(model.state_dict()), 0, time.monotonic()
    for epoch in range(job["epochs"]):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(targets)).split(job["batch"]):
            loss = weighted_loss(
                weights, model(prepared(augmented(pictures["train"][rows].float(), amounts))), targets[rows]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss) * len(rows)
        score = macro_roc_auc(parts["validation_targets"], predicted(model, pictures["validation"]))
        plateau.step(score)
        if score > best:
            best, kept, best_epoch = score, copy.deepcopy(model.state_dict()), epoch + 1
        print(f"epoch {epoch + 1} loss {total / len(targets):.4f} validation {score:.4f}", file=sys.stderr, flush=True)
    minutes = (time.monotonic() - started) / 60
    model.load_state_dict(kept)
    logits = predicted(model, pictures["test"])
    temporary = job["to"] + ".partial"
    with open(temporary, "wb") as file:
        np.savez(file, logits=logits, minutes=minutes, epoch=best_epoch, validation=best)
    os.replace(temporary, job["to"])


if __name__ == "__main__":
    main()
