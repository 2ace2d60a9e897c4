"""A dry run: a few steps, a validation and a save before the first step, and what the whole will take."""

import math
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthkit import distributed, memory
from synthkit.data.loader import collate
from synthkit.devices import to_device
from synthkit.quantities import size
from synthkit.run_folder import writing
from synthkit.summary import NetworkSummary, summarize
from synthkit.trainer import Trainer

SECONDS, LEAST, MOST = 3.0, 5, 40  # how long steps are timed, and how many at least and at most
IMAGES = 4  # held-out samples that are scored
SCRATCH = ".dry_run"


@dataclass(frozen=True)
class Estimate:
    """What a training will take: seconds in all and per step, bytes of memory and of a checkpoint.

    `memory` is the most at once, `validation_memory` the most while validating.
    """

    seconds: float
    seconds_per_step: float
    memory: int
    validation_memory: int
    checkpoint: int
    available: int | None
    networks: list[NetworkSummary]

    def describe(self) -> str:
        """A table of the networks, and a line about time and memory."""
        rows = [("network", "parameters", "GFLOPs", "output")]
        rows += [
            (name, f"{count / 1e6:.2f} M", f"{gflops:.2f}", ", ".join("x".join(map(str, s)) for s in shapes))
            for name, count, gflops, shapes in self.networks
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            f"{name:<{widths[0]}}  {count:>{widths[1]}}  {gflops:>{widths[2]}}  {shapes}"
            for name, count, gflops, shapes in rows
        ]
        lines.append(
            f"estimate: {_duration(self.seconds)} in all, {self.seconds_per_step:.3g} s per step, "
            f"{size(self.memory)} of memory, {size(self.checkpoint)} per checkpoint"
        )
        if self.available is not None and self.memory > 0.9 * self.available:
            peak = "validation" if self.memory == self.validation_memory else "training"
            lines.append(f"{peak} takes nearly all of the {size(self.available)} there are; {memory.ADVICE}")
        return "\n".join(lines)


def rehearse(trainer: Trainer, folder: Path) -> Estimate:
    """Try what the training will do, writing only into a folder that is removed; the trainer is used up.

    Raises whatever the training would: a failing metric, a full disk, memory that runs out.
    """
    settings, device = trainer.settings, trainer.model.device
    remaining = settings.steps - trainer.step
    memory.reset_peak(device)
    batch = to_device(collate([trainer.data[0]]), device)
    networks = summarize(trainer.model, batch)
    per_step = _seconds_per_step(trainer)
    count = min(settings.validation_images, len(trainer.validation))
    tried = min(max(IMAGES, settings.samples), count)
    in_steps = memory.peak(device)
    memory.reset_peak(device)
    began = time.perf_counter()
    trainer.score(tried * distributed.get_world_size())
    per_image = (time.perf_counter() - began) / max(tried, 1)
    in_validation = memory.peak(device)
    began = time.perf_counter()
    checkpoint = _saved(trainer, folder)
    per_save = time.perf_counter() - began
    trainer.close()
    validations, saves = (
        math.ceil(remaining / every) for every in (settings.validate_every, settings.save_every)
    )
    share = count / distributed.get_world_size()
    return Estimate(
        seconds=remaining * per_step + validations * share * per_image + saves * per_save,
        seconds_per_step=per_step,
        memory=max(in_steps, memory.peak(device)),
        validation_memory=in_validation,
        checkpoint=checkpoint,
        available=memory.available(device),
        networks=networks,
    )


def _seconds_per_step(trainer: Trainer) -> float:
    """The mean over some steps but the quickest and the slowest fifth.

    The first step, which starts workers and warms caches, does not count at all.
    """
    trainer.advance()
    began, taken = time.perf_counter(), []
    while len(taken) < MOST and (len(taken) < LEAST or time.perf_counter() - began < SECONDS):
        started = time.perf_counter()
        trainer.advance()
        taken.append(time.perf_counter() - started)
        if distributed.launched() and len(taken) >= LEAST:
            break  # all processes must take as many
    ends = len(taken) // 5
    return float(np.mean(sorted(taken)[ends : len(taken) - ends]))


def _saved(trainer: Trainer, folder: Path) -> int:
    """Save a checkpoint into a passing folder and return its size in bytes."""
    if not distributed.is_main_process():
        trainer.save(folder)  # it gives its state to the first process, which writes
        return 0
    for leftover in folder.glob(f"{SCRATCH}*"):  # of a dry run that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    with writing(folder), tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        trainer.save(Path(scratch))
        return sum(path.stat().st_size for path in Path(scratch).rglob("*") if path.is_file())


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
