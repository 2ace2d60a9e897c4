"""Trains a judge on real images."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synthkit.benchmark.judges.judge import Judge
from synthkit.benchmark.judges.labels import IGNORE
from synthkit.data.loader import batches, worker_errors
from synthkit.data.samples import Samples
from synthkit.devices import to_device
from synthkit.errors import NotFiniteError

WORKERS = 1  # processes that read data: the network keeps the other cores busy
LINES = 20  # of progress


@dataclass(frozen=True, kw_only=True)
class JudgeTraining:
    """How a judge is trained: AdamW with a one-cycle rate, random flips, cross-entropy, bf16 autocast.

    Args:
        steps: how many batches it sees.
        batch_size: images in a batch.
        lr: the highest learning rate, which the cycle reaches after 30% of the steps.
        seed: of the first weights, the order of images and the flips.
    """

    steps: int = 400
    batch_size: int = 8
    lr: float = 2e-3
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")


def fit(judge: Judge, samples: Samples, training: JudgeTraining, say: Callable[[str], None]) -> None:
    """Train the judge's network where it is; `say` takes lines of progress.

    Raises NotFiniteError where the loss is not finite, DataError for bad samples.
    """
    judge.train()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=training.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.lr, total_steps=training.steps)
    arriving = batches(samples, training.batch_size, seed=training.seed, workers=WORKERS)
    began, losses = time.monotonic(), []
    with worker_errors():
        for step in range(1, training.steps + 1):
            losses.append(_step(judge, to_device(next(arriving), judge.device), optimizer))
            schedule.step()
            if step % math.ceil(training.steps / LINES) == 0 or step == training.steps:
                left = (time.monotonic() - began) / step * (training.steps - step)
                mean = sum(losses) / len(losses)
                say(f"step {step}/{training.steps}: loss {mean:.3f}, {left:.0f} s to go")
                losses.clear()
        arriving.close()
    judge.eval()


def _step(judge: Judge, batch: dict, optimizer: torch.optim.Optimizer) -> float:
    """One step of the optimiser; the loss."""
    image, label = judge.resized(batch["image"]), resized_label(judge.relabel(batch["label"]), judge.size)
    flipped = (torch.rand(len(image)) < 0.5).to(image.device)
    image = torch.where(flipped.view(-1, 1, 1, 1), image.flip(-1), image)
    label = torch.where(flipped.view(-1, 1, 1), label.flip(-1), label)
    with torch.autocast(image.device.type, torch.bfloat16):
        logits = judge.network(image)
    loss = segmentation_loss(logits.float(), label)
    if not loss.isfinite():
        raise NotFiniteError(f"the judge's loss became {loss.item()}: lower judge.train.lr")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def segmentation_loss(logits: Tensor, label: Tensor) -> Tensor:
    """The mean cross-entropy of logits (N, C, H, W) over the scored pixels of label (N, H, W), 0 of none."""
    total = F.cross_entropy(logits, label, ignore_index=IGNORE, reduction="sum")
    return total / (label != IGNORE).sum().clamp(min=1)


def resized_label(label: Tensor, size: tuple[int, int] | None) -> Tensor:
    """Classes (N, H, W) at the network's size, each that of the nearest pixel centre."""
    if size is None:
        return label
    return F.interpolate(label[:, None].double(), tuple(size), mode="nearest-exact")[:, 0].long()
