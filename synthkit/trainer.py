"""A training at a point of its course: what a config builds, what a step changes, what a checkpoint holds."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from synthkit import __version__, build, checkpoint, config, distributed, plugins, training_state
from synthkit.data import open_data
from synthkit.data.loader import batches
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN, validation_split
from synthkit.devices import pick_device, to_device
from synthkit.ema import Average
from synthkit.errors import CheckpointError, ConfigError, DataError, NotFiniteError, PluginError
from synthkit.evaluate import Scores
from synthkit.figures import Figures
from synthkit.freezing import freeze_all_but
from synthkit.inputs import sample_checks
from synthkit.nn.checkpointing import checkpoint_blocks
from synthkit.optimizers import build_optimizers
from synthkit.progress import Progress
from synthkit.registry import METRICS, STEPS
from synthkit.schedules import Schedule, in_steps
from synthkit.settings import MEMORY_FORMATS, Training
from synthkit.translator import Translator
from synthkit.validation import validate


class Trainer:
    """The model, its data and optimisers, and how far the training has come, in one process of it.

    Raises ConfigError and DataError for what the config gets wrong.
    """

    def __init__(self, cfg: Mapping):
        self.cfg = cfg
        settings = build.call(Training, build.need(cfg, "train"))
        seed_all(settings.seed)
        self.model = self._build_model(settings)
        with build.place(cfg["train"], "order"):
            self.update = STEPS.get(settings.order)
        with build.place(cfg["train"], "metrics"):
            scores = Scores(settings.metrics)  # names that are not registered are found here
        self.data = self._open_data("train", settings)
        self.validation = self._open_data("validation", settings)
        with build.place(cfg["train"], "metrics"):
            self._check_metrics(scores, settings.validation_images)
        with build.place(cfg["train"], "best"):
            self._check_best(settings.best)
        self.samples_per_step = settings.batch_size * settings.accumulate * distributed.get_world_size()
        self.settings, self.schedule = self._in_steps(settings)
        self.optimizers = build_optimizers(
            settings.optimizer, self.model.parameter_groups(), clip=settings.clip
        )
        networks = self.model.networks
        self.average = None if settings.ema is None else build.call(Average, settings.ema, networks=networks)
        self.progress, self.figures = Progress(), Figures()
        if distributed.launched():
            self.model.distribute()
            self._seed_apart()

    def _build_model(self, settings: Training) -> Translator:
        model = Translator.from_config(build.need(self.cfg, "model"), precision=settings.precision)
        with build.place(self.cfg["train"], "only"):
            freeze_all_but(model.networks, settings.only)
        if settings.checkpointing and not checkpoint_blocks(model):
            reason = "no block of the networks can be computed again: batch and spectral norm forbid it"
            raise ConfigError(reason, build.where(self.cfg["train"], "checkpointing"))
        with build.place(self.cfg["train"], "device"):
            device = pick_device(settings.device)
        return model.to(device, memory_format=MEMORY_FORMATS[settings.memory_format])

    def _in_steps(self, settings: Training) -> tuple[Training, Schedule]:
        """The settings and their schedule with every length in steps."""
        per_epoch = len(self.data) / self.samples_per_step
        with build.place(self.cfg, "train"):
            schedule = build.call(Schedule, settings.schedule)
            schedule.warmup = in_steps(schedule.warmup, per_epoch)
            return settings.in_steps(per_epoch), schedule

    @property
    def step(self) -> int:
        return self.progress.step

    @property
    def is_last(self) -> bool:
        """Whether the last step has been made."""
        return self.step >= self.settings.steps

    @property
    def lacks_validation(self) -> bool:
        """Whether a validation is due at this step and has not been made."""
        due = self.is_last or self.step % self.settings.validate_every == 0
        return due and 0 < self.step != self.progress.validated

    @property
    def ending(self) -> str:
        """Why the training is over; empty while it is not."""
        if self.is_last:
            return f"finished at step {self.step}: raise train.steps above it to go on"
        if self.settings.patience is not None and self.progress.stale >= self.settings.patience:
            best, stale = self.progress.best, self.progress.stale
            when = f"best at step {best['step']}, {stale} validations ago" if best else "never a number"
            return (
                f"stopped early at step {self.step}: {self.settings.best} was {when}; "
                "raise train.patience to go on"
            )
        return ""

    @cached_property
    def shown(self) -> Translator:
        """The model that validates: with averaged weights where there are any."""
        if self.average is None:
            return self.model
        return Translator(self.average.networks, self.model.inputs, precision=self.settings.precision)

    def advance(self) -> None:
        """Update the networks once."""
        began, waited, parts = time.perf_counter(), 0.0, self.settings.accumulate
        self.optimizers.set_rate(self.schedule.factor(self.step, steps=self.settings.steps))
        self.model.training_step = self.step
        for part in range(1, parts + 1):
            asked = time.perf_counter()
            batch = to_device(next(self._batches), self.model.device)
            waited += time.perf_counter() - asked
            self.optimizers.part, self.optimizers.parts = part, parts
            self.figures.add(self._update(batch, is_last=part == parts))
        if self.average is not None:
            self.average.update()
        self.progress.step += 1
        self.progress.position += self.samples_per_step
        self.figures.time(waited=waited, took=time.perf_counter() - began)

    def _update(self, batch: dict, *, is_last: bool) -> Mapping[str, torch.Tensor]:
        try:
            if is_last:
                return self.update(self.model, batch, self.optimizers)
            with self.model.unsynchronised():
                return self.update(self.model, batch, self.optimizers)
        except NotFiniteError as error:
            raise NotFiniteError(f"step {self.step + 1}, {', '.join(batch['name'])}: {error}") from error
        except SystemExit as error:  # a signal's is raised elsewhere; the run would seem to have succeeded
            raise PluginError(f"step {self.step + 1}: a part of it exits, with {error.code!r}") from error

    @cached_property
    def _batches(self) -> Iterator[dict]:
        return batches(
            self.data,
            self.settings.batch_size,
            seed=self.settings.seed,
            start=self.progress.position,
            workers=self.settings.workers,
            share=(distributed.get_rank(), distributed.get_world_size()),
        )

    def _open_data(self, role: str, settings: Training) -> Samples:
        """The samples of a role: `train` with random transforms, `validation` without."""
        data = build.need(self.cfg, "data")
        training = role == "train"
        return open_data(
            data,
            TRAIN if training else validation_split(data),
            training=training,
            fields=(*self.model.fields, "image") if training else self.model.fields,
            optional=("image", *self.model.optional_fields),
            seed=settings.seed,
            **sample_checks(self.model.inputs),
        )

    def _check_metrics(self, scores: Scores, images: int) -> None:
        """Raise ConfigError where the validations could not give the metrics what they need."""
        count, fields = min(images, len(self.validation)), self.validation.fields
        if not count or "image" not in fields:
            return  # nothing is scored
        try:
            scores.check(("real", "label") if "label" in fields else ("real",), count)
        except DataError as error:
            raise ConfigError(str(error)) from error

    def _check_best(self, name: str | None) -> None:
        """Raise ConfigError where no validation could tell the best."""
        if name is None:
            return
        if not hasattr(METRICS.get(name), "higher_is_better"):
            raise ConfigError(f"the metric {name!r} does not say whether higher_is_better")
        if "image" not in self.validation.fields:
            raise ConfigError("the held-out samples have no photos to score with")

    def score(
        self, count: int, give_up: Callable[[], bool] = lambda: False
    ) -> tuple[dict[str, float], dict] | None:
        """Scores of the `count` held-out samples, and pictures of some; None where `give_up` says so."""
        scores = Scores(self.settings.metrics)
        pictures = validate(
            self.shown,
            self.validation,
            count=count,
            scores=scores,
            drawn=self.settings.samples,
            give_up=give_up,
        )
        return None if pictures is None else (scores.values(), pictures)

    def close(self) -> None:
        """End the loader's workers."""
        self._batches.close()

    def note(self, scores: Mapping[str, float]) -> bool | None:
        """Remember a validation and whether it is the best so far, which NaN never is.

        None where no metric tells.
        """
        self.progress.validated = self.step
        name, best = self.settings.best, self.progress.best
        if name is None or name not in scores:
            return None
        value, higher = scores[name], METRICS.get(name).higher_is_better
        worst = -math.inf if higher else math.inf
        known = worst if best is None else best["value"]
        if value > known if higher else value < known:
            self.progress.best, self.progress.stale = {"step": self.step, "value": value}, 0
            return True
        self.progress.stale += 1
        return False

    def save(self, folder: Path) -> None:
        """Write a checkpoint into `folder`; the first process does, and all of them give their state.

        Raises NotFiniteError where a step made weights infinite, and CheckpointError as `checkpoint.save`.
        """
        randoms, training = training_state.collect(self.model, self.optimizers)
        if not distributed.is_main_process():
            return
        self._check_weights()
        tensors = {"weights": self.model.networks.state_dict(), "training": training}
        if self.average is not None:
            tensors["average"] = self.average.tensors()
        checkpoint.save(
            folder,
            step=self.step,
            state={
                "config": config.plain(self.cfg),
                "progress": asdict(self.progress),
                "random": randoms,
                "versions": {"synthkit": __version__, "torch": torch.__version__},
                "plugins": plugins.provenance(),
            },
            tensors=tensors,
            keep=self.settings.keep,
            spare=(self.progress.best["step"],) if self.progress.best else (),
        )

    def _check_weights(self) -> None:
        named = self.model.networks.named_parameters()
        if wrong := [name for name, weight in named if not weight.isfinite().all()]:
            raise NotFiniteError(f"step {self.step} left weights that are not finite: {', '.join(wrong[:5])}")

    def restore(self, start: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint of this run. Raises CheckpointError where it does not fit."""
        checkpoint.restore_networks(start, self.model.networks)
        try:
            self.progress = build.call(Progress, start.state["progress"])
            if self.average is not None:
                self.average.load_tensors(start.average())
        except (ConfigError, KeyError, RuntimeError) as err:
            raise CheckpointError(
                f"{start.path}: its progress or its averaged weights do not fit: {err}"
            ) from err
        if not training_state.restore(start, self.model, self.optimizers):
            self._seed_apart()

    def _seed_apart(self) -> None:
        """Give this process random numbers of its own."""
        words = np.random.SeedSequence([self.settings.seed, distributed.get_rank(), self.step])
        seed_all(int(words.generate_state(1)[0]))


def seed_all(seed: int) -> None:
    """Seed the generators of Python, NumPy and torch, on all devices."""
    for each in (random.seed, np.random.seed, torch.manual_seed):
        each(seed)
