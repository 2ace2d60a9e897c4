"""The training loop: a resolved config becomes a run folder."""

import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path

import torch

from synthkit import __version__, build, checkpoint, config, distributed, memory
from synthkit.data.loader import worker_errors
from synthkit.errors import CheckpointError, ConfigError, SynthkitError
from synthkit.figures import Figures
from synthkit.handover import hand_over
from synthkit.health import Monitor
from synthkit.rehearsal import Estimate, rehearse
from synthkit.run_folder import claim, starting_point, write_config, writing
from synthkit.sample_files import write_samples
from synthkit.surroundings import Interrupted, agreed, joined, signals
from synthkit.trackers import Console, open_trackers
from synthkit.trackers import check as check_trackers
from synthkit.trainer import Trainer


def train(
    cfg: Mapping,
    work_dir: str | Path,
    *,
    resume: bool = False,
    previous: Path | None = None,
    notices: Sequence[str] = (),
) -> Path:
    """Train the model that a resolved config without stages describes; return the run folder.

    The folder must be empty, or hold a run of this config that `resume` continues from its newest whole
    checkpoint. A training that begins starts from the weights of the run `previous`, if there is one, and
    says the `notices` first. Raises ConfigError, DataError or CheckpointError before the first step where
    they can be known. SIGINT and SIGTERM end it after the step in progress, which is saved. Of several
    processes that torchrun started the first one alone writes.
    """
    cfg, folder = config.from_dict(cfg) if not isinstance(cfg, config.Section) else cfg, Path(work_dir)
    with joined(cfg):
        start, refused = starting_point(folder, cfg, resume)
        notices = [*notices, *(f"passed over: {problem}" for problem in refused)]
        if start is None and previous is None:
            _check_frozen(build.need(cfg, "train"))
        trainer = _prepared(cfg, start, notices, previous)
        if trainer.ending and not trainer.lacks_validation:
            return _leave(folder, [*notices, trainer.ending])
        distributed.barrier()  # the first process writes into the folder that the others have just looked at
        first = distributed.is_main_process()
        with closing(claim(folder)) if first else nullcontext(), signals() as stopped, worker_errors():
            if first:
                _check_untouched(folder, cfg, resume, start)
            estimate = None
            if trainer.settings.dry_run and not trainer.ending:
                estimate = rehearse(trainer, folder)
                del trainer  # it has learnt something: the training begins with one that has not
                trainer = _prepared(cfg, start, [], previous)
            if received := agreed(stopped):
                raise Interrupted(128 + received)
            Runner(trainer, folder).run(notices, estimate, stopped)
    return folder


def dry_run(cfg: Mapping) -> Estimate:
    """Try a few steps, a validation and a save of a config, keep nothing, and estimate the whole training.

    The config has no stages.
    """
    cfg = config.from_dict(cfg) if not isinstance(cfg, config.Section) else cfg
    with joined(cfg), tempfile.TemporaryDirectory() as folder, worker_errors():
        return rehearse(_prepared(cfg, None, []), Path(folder))


def check(cfg: Mapping) -> None:
    """Build what a config without stages describes, and raise what it gets wrong."""
    with joined(cfg):
        _prepared(cfg, None, [])


def _prepared(
    cfg: Mapping, start: checkpoint.Checkpoint | None, notices: list[str], previous: Path | None = None
) -> Trainer:
    """A trainer at the point where the training begins or goes on; `notices` takes what there is to say."""
    check_trackers(build.part(build.need(cfg, "train"), "trackers"), Path())
    trainer = Trainer(cfg)
    if start is not None:
        trainer.restore(start)
        notices.append(f"resumed at step {start.step} from {start.path}")
        before, now = len(start.state["random"]), distributed.get_world_size()
        if before != now:
            notices.append(
                f"{now} in place of {before} processes train: a step takes {trainer.samples_per_step} samples"
            )
    elif trainer.settings.init_from is not None:
        with build.place(cfg["train"], "init_from"):
            notices += _handed_over(Path(trainer.settings.init_from), trainer)
    elif previous is not None:
        notices += _handed_over(previous, trainer)
    return trainer


def _check_frozen(settings: Mapping) -> None:
    """Raise ConfigError where a training that starts from no weights would keep some as they were drawn."""
    if settings.get("only") and settings.get("init_from") is None:
        message = "it freezes weights that nothing has trained: train.init_from names a run that has"
        raise ConfigError(message, build.where(settings, "only"))


def _handed_over(run: Path, trainer: Trainer) -> list[str]:
    """Give the trainer the weights of a run that fit it; returns what there is to say."""
    try:
        source, refused = checkpoint.find(run)
    except CheckpointError as error:
        raise ConfigError(str(error)) from error
    handover = hand_over(source, trainer.model.networks)
    named = trainer.model.networks.named_parameters()
    frozen = (name for name, parameter in named if not parameter.requires_grad)
    if untrained := [name for name in frozen if name not in handover.loaded]:
        message = f"it freezes {untrained[0]}, which {source.path} does not have in this shape"
        raise ConfigError(message, build.where(trainer.cfg["train"], "only"))
    return [*(f"passed over: {problem}" for problem in refused), handover.describe(source)]


def _check_untouched(folder: Path, cfg: Mapping, resume: bool, start: checkpoint.Checkpoint | None) -> None:
    """Raise CheckpointError where another process has trained in the folder since `start` was read."""
    now, _ = starting_point(folder, cfg, resume)
    if (now and now.step) != (start and start.step):
        raise CheckpointError(f"another process has just trained in {folder}: begin again")


def _leave(folder: Path, notices: Sequence[str]) -> Path:
    if distributed.is_main_process():
        for notice in notices:
            Console(folder).log({"kind": "notice", "message": notice})
    return folder


class Runner:
    """Drives a trainer to the end of its training and keeps the run folder."""

    def __init__(self, trainer: Trainer, folder: Path):
        self.trainer, self.folder = trainer, folder
        self.settings, self.monitor = trainer.settings, Monitor()
        self.trackers = []

    def run(self, notices: Sequence[str], estimate: Estimate | None, stopped: Sequence[int]) -> None:
        """Train until the end, or until a signal arrives in `stopped`: then save, and raise Interrupted."""
        trainer = self.trainer
        if distributed.is_main_process():
            write_config(self.folder, trainer.cfg)
            with writing(self.folder):
                self.trackers = open_trackers(build.part(trainer.cfg["train"], "trackers"), self.folder)
        memory.reset_peak(trainer.model.device)
        try:
            for notice in (*notices, *([] if estimate is None else [estimate.describe()])):
                self.log("notice", message=notice)
            self.log("start", **self._facts(estimate))
            received = self._loop(stopped)
            if received:
                self.log("notice", message=f"stopped at step {trainer.step}; --resume goes on")
            else:
                peak, seconds = memory.peak(trainer.model.device), round(trainer.progress.seconds, 1)
                self.log("end", seconds=seconds, memory=peak, reason=trainer.ending)
        except Exception as error:
            message = str(error) if isinstance(error, SynthkitError) else f"{type(error).__name__}: {error}"
            self.log("failed", message=distributed.others_reason(error) or message)
            raise
        finally:
            trainer.close()
            for tracker in self.trackers:
                tracker.close()
        if received:
            raise Interrupted(128 + received)

    def _loop(self, stopped: Sequence[int]) -> int:
        """Train from the step reached; return the signal that ended it, or 0 at the end of the training."""
        trainer = self.trainer
        began = time.perf_counter() - trainer.progress.seconds
        received = self._make_up(stopped) if trainer.lacks_validation else 0
        while not received and not trainer.ending:
            trainer.advance()
            trainer.progress.seconds = time.perf_counter() - began
            self.log("step")
            received = self._milestones(stopped)
        return received

    def _make_up(self, stopped: Sequence[int]) -> int:
        """The validation that was due when the run was stopped; returns a signal that ends the training."""
        self._validate(stopped)
        self._save()
        return agreed(stopped)

    def _milestones(self, stopped: Sequence[int]) -> int:
        """What is due after a step: log, validate, save. Returns the signal that ends it all, else 0."""
        trainer, best = self.trainer, self.trainer.progress.best
        if trainer.is_last or self._is_due("log_every"):
            self._log_figures()
        received = agreed(stopped)
        try:
            if trainer.lacks_validation and not received:
                self._validate(stopped)
                received = agreed(stopped)
        except Exception:
            if not distributed.launched():  # others would not join in
                self._save()
            raise
        if trainer.ending or received or self._is_due("save_every") or trainer.progress.best != best:
            self._save()
        return received if trainer.lacks_validation or not trainer.ending else 0

    def _is_due(self, every: str) -> bool:
        return self.trainer.step % getattr(self.settings, every) == 0

    def _save(self) -> None:
        self.trainer.save(self.folder / "checkpoints")

    def _log_figures(self) -> None:
        trainer = self.trainer
        figures, trainer.figures = trainer.figures.means(), Figures()
        rates, norms = trainer.optimizers.rates(), sorted(trainer.optimizers.norms.items())
        figures["signals"] |= {f"gradient norm/{group}": norm.item() for group, norm in norms}
        seconds = round(trainer.progress.seconds, 1)
        self.log("train", **figures, rate=rates["generator"], rates=rates, seconds=seconds)
        for sign in self.monitor.look({**figures["signals"], "data_wait": figures["data_wait"]}):
            self.log("warning", name=sign.name, message=sign.advice)

    def _validate(self, stopped: Sequence[int]) -> None:
        """Score and draw held-out samples, remember the best, and refresh the report."""
        trainer = self.trainer
        count = min(self.settings.validation_images, len(trainer.validation))
        # a single process gives up when a signal arrives; several would have to agree on the moment
        found = trainer.score(count, lambda: bool(stopped) and not distributed.launched())
        if found is None:
            return
        scores, pictures = found
        best = trainer.note(scores)
        if odd := [name for name, value in scores.items() if not math.isfinite(value)]:
            self.log(
                "warning", name="a score is not a number", message=f"{', '.join(odd)} of this validation"
            )
        if scores:
            marks = {} if best is None else {"metric": self.settings.best, "best": best}
            self.log("validation", scores=scores, images=count, **marks)
        if distributed.is_main_process():
            self._write_samples(pictures)

    def _write_samples(self, pictures: Mapping[str, dict]) -> None:
        """Write the pictures; a full disk costs them, and is the next checkpoint's to refuse."""
        try:
            write_samples(self.folder, self.trainer.step, pictures)
        except OSError as error:
            self.log("notice", message=f"the samples could not be written: {error}")
        else:
            self.log("samples", folder=str(self.folder / "samples" / f"{self.trainer.step:08d}"))

    def _facts(self, estimate: Estimate | None) -> dict:
        """What the record of the start says."""
        trainer = self.trainer
        networks = trainer.model.networks.items()
        facts = {
            "steps": self.settings.steps,
            "config": getattr(trainer.cfg, "origin", "").partition(":")[0],
            "device": str(trainer.model.device),
            "devices": distributed.get_world_size(),
            "batch": trainer.samples_per_step,
            "seed": self.settings.seed,
            "parameters": {name: sum(p.numel() for p in net.parameters()) for name, net in networks},
            "synthkit": __version__,
            "torch": torch.__version__,
        }
        return facts if estimate is None else facts | {"estimate": asdict(estimate)}

    def log(self, kind: str, **values) -> None:
        """Give a record to the trackers."""
        for tracker in self.trackers:
            tracker.log({"kind": kind, "step": self.trainer.step, **values})
