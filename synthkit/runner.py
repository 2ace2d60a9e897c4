"""The training loop: a resolved config becomes a run folder."""

import random
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from synthkit import __version__, build, checkpoint, config, plugins
from synthkit.data import open_data
from synthkit.data.loader import batches, sequence, worker_errors
from synthkit.data.pictures import label_colours, to_uint8
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN, validation_split
from synthkit.devices import pick_device, to_device
from synthkit.evaluate import ImageScores
from synthkit.inputs import sample_checks
from synthkit.optimizers import build_optimizers, hold_and_decay, set_rate
from synthkit.registry import STEPS
from synthkit.report import write_report, write_samples
from synthkit.run_folder import claim, starting_point
from synthkit.trackers import Console, Figures, MetricsFile
from synthkit.translator import PRECISIONS, Translator

MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(kw_only=True)
class Training:
    """The config's `train` section.

    `order` is a registered step. `optimizer` and `schedule` are the settings of `optimizers`. Every
    `log_every` steps the losses are logged, every `validate_every` (and at the end) the validation
    set's first `validation_images` are scored and `samples` of them drawn, every `save_every` (and at the
    end) a checkpoint is written and all but the last `keep` removed. `device` is auto, cpu, cuda or cuda:N.
    """

    steps: int
    order: str = "joint"
    batch_size: int = 1
    precision: str = "fp32"
    memory_format: str = "contiguous"
    device: str = "auto"
    seed: int = 0
    workers: int = 2
    optimizer: Mapping = field(default_factory=dict)
    schedule: Mapping = field(default_factory=dict)
    log_every: int = 20
    validate_every: int = 500
    save_every: int = 500
    validation_images: int = 100
    samples: int = 6
    keep: int = 1

    def __post_init__(self):
        for least, names in (
            (1, ("steps", "batch_size", "log_every", "validate_every", "save_every", "keep")),
            (0, ("seed", "workers", "validation_images", "samples")),
        ):
            for name in names:
                if not least <= getattr(self, name) < 2**32:
                    raise ValueError(f"{name} is {getattr(self, name)}: it must be at least {least}")
        for name, choices in (("memory_format", MEMORY_FORMATS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(choices)}")


def train(cfg: Mapping, work_dir: str | Path, *, resume: bool = False) -> Path:
    """Train the model that a resolved config describes; return the run folder.

    The folder must be empty, or hold a run of this config that `resume` continues from its newest whole
    checkpoint. Raises ConfigError, DataError or CheckpointError before the first step where they can be
    known. SIGINT and SIGTERM end it after the step in progress, which is saved.
    """
    return Runner(cfg, Path(work_dir), resume=resume).run()


class Interrupted(SystemExit):
    """Ended by a signal after the step in progress; a checkpoint was saved. The code is 128 + the signal."""


class Runner:
    """One training: the model, its data, optimisers, trackers and the step it has reached."""

    def __init__(self, cfg: Mapping, folder: Path, *, resume: bool = False):
        self.cfg = cfg = cfg if isinstance(cfg, config.Section) else config.from_dict(cfg)
        self.folder = folder
        self.settings = settings = build.call(Training, build.need(cfg, "train"))
        self.step, self.seconds, self.figures, self.trackers = 0, 0.0, Figures(), [Console(folder)]
        start, refused = starting_point(folder, cfg, resume)
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(settings.seed)
        self.model = Translator.from_config(build.need(cfg, "model"), precision=settings.precision)
        with build.place(cfg["train"], "device"):
            device = pick_device(settings.device)
        self.model.to(device, memory_format=MEMORY_FORMATS[settings.memory_format])
        with build.place(cfg["train"], "order"):
            self.update = STEPS.get(settings.order)
        self.optimizers = build_optimizers(settings.optimizer, self.model.parameter_groups())
        build.call(hold_and_decay, settings.schedule, step=0, steps=settings.steps)  # its keys are right
        self.data, self.validation = self._open_data("train"), self._open_data("validation")
        for problem in refused:
            self._log("notice", message=f"passed over: {problem}")
        if start is not None:
            self._restore(start)

    def run(self) -> Path:
        """Train from the step reached to the last one; a finished run is left as it is."""
        if self.step >= self.settings.steps:
            self._log("notice", message=f"finished at step {self.step}: raise train.steps above it to go on")
            return self.folder
        lock = claim(self.folder, self.cfg)
        self.trackers.append(MetricsFile(self.folder))
        began = time.perf_counter() - self.seconds
        try:
            with _signals() as stopped, worker_errors():
                self._log("start", **self._facts())
                for _ in self._steps():
                    self.seconds = time.perf_counter() - began
                    self._log("step")
                    last, stop = self.step == self.settings.steps, bool(stopped)
                    if last or self.step % self.settings.log_every == 0:
                        self._log("train", **self.figures.means(), seconds=round(self.seconds, 1))
                        self.figures = Figures()
                    if last or stop or self.step % self.settings.save_every == 0:
                        self._save()
                    if last or (self.step % self.settings.validate_every == 0 and not stop):
                        self._validate(stopped)
                    if stopped and not last:
                        self._stop(128 + stopped[0], saved=stop)
                self._log("end", seconds=round(time.perf_counter() - began, 1))
                write_report(self.folder)
        finally:
            for tracker in self.trackers:
                tracker.close()
            lock.close()
        return self.folder

    def _stop(self, code: int, *, saved: bool) -> None:
        if not saved:  # the signal came after the step was saved, or was not due
            self._save()
        self._log("notice", message=f"stopped at step {self.step}; --resume goes on")
        write_report(self.folder)
        raise Interrupted(code)

    def _steps(self) -> Iterator[None]:
        """Update the networks once per iteration."""
        settings = self.settings
        start = self.step * settings.batch_size
        loader = batches(
            self.data, settings.batch_size, seed=settings.seed, start=start, workers=settings.workers
        )
        while self.step < settings.steps:
            asked = time.perf_counter()
            batch = to_device(next(loader), self.model.device)
            arrived = time.perf_counter()
            factor = hold_and_decay(self.step, steps=settings.steps, **settings.schedule)
            set_rate(self.optimizers, factor)
            losses = self.update(self.model, batch, self.optimizers)
            self.step += 1
            rate = self.optimizers["generator"].param_groups[0]["lr"]
            self.figures.add(losses, rate, waited=arrived - asked, took=time.perf_counter() - asked)
            yield

    def _open_data(self, role: str) -> Samples:
        """The samples of a role: `train` with random transforms, `validation` without."""
        data = build.need(self.cfg, "data")
        training = role == "train"
        return open_data(
            data,
            TRAIN if training else validation_split(data),
            training=training,
            fields=(*self.model.fields, "image") if training else self.model.fields,
            optional=("image",),
            seed=self.settings.seed,
            **sample_checks(self.model.inputs),
        )

    def _validate(self, stopped: Sequence[int]) -> None:
        """Score held-out samples where they have photos, draw some of them, and refresh the report.

        Given up when a signal arrives in `stopped`.
        """
        scores, pictures = ImageScores(), {}
        count = min(self.settings.validation_images, len(self.validation))
        for batch in sequence(self.validation, 1, count=count):
            batch = to_device(batch, self.model.device)
            fake = self.model.translate(batch)
            if "image" in batch:
                scores.add(fake, batch["image"])
            if len(pictures) < self.settings.samples:
                pictures[batch["name"][0]] = self._pictures(batch, fake)
            if stopped:
                return
        if means := scores.means():
            self._log("validation", scores=means, images=count)
        write_samples(self.folder, self.step, pictures)
        write_report(self.folder)

    def _pictures(self, batch: Mapping, fake: torch.Tensor) -> dict:
        shown = {"source": batch.get("source"), "fake": fake, "real": batch.get("image")}
        pictures = {kind: to_uint8(images[0].cpu()) for kind, images in shown.items() if images is not None}
        if "label" in batch:
            label = batch["label"][0, 0].cpu().numpy()
            instance = batch["instance"][0, 0].cpu().numpy() if "instance" in batch else None
            pictures["label"] = label_colours(label, getattr(self.validation.data, "palette", None), instance)
        return pictures

    def _save(self) -> None:
        checkpoint.save(
            self.folder / "checkpoints",
            step=self.step,
            state=self._state(),
            networks=self.model.networks,
            optimizers=self.optimizers,
            keep=self.settings.keep,
        )

    def _state(self) -> dict:
        """What a checkpoint records beside weights: enough to translate, to resume and to trace it."""
        return {
            "config": config.plain(self.cfg),
            "seconds": self.seconds,
            "versions": {"synthkit": __version__, "torch": torch.__version__},
            "plugins": plugins.provenance(),
        }

    def _restore(self, start: checkpoint.Checkpoint) -> None:
        checkpoint.restore_networks(start, self.model.networks)
        checkpoint.restore_training(start, self.optimizers)
        self.step, self.seconds = start.step, start.state["seconds"]
        self._log("notice", message=f"resumed at step {self.step} from {start.path}")

    def _facts(self) -> dict:
        counts = {name: sum(p.numel() for p in net.parameters()) for name, net in self.model.networks.items()}
        return {
            "steps": self.settings.steps,
            "config": getattr(self.cfg, "origin", "").partition(":")[0],
            "device": str(self.model.device),
            "parameters": counts,
            "synthkit": __version__,
            "torch": torch.__version__,
        }

    def _log(self, kind: str, **values) -> None:
        for tracker in self.trackers:
            tracker.log({"kind": kind, "step": self.step, **values})


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that the step in progress is finished; a second one ends at once."""
    received: list[int] = []

    def receive(number, frame):
        received.append(number)
        for each, handler in previous.items():
            signal.signal(each, handler)

    previous = {}
    if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
        previous = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
