"""The config's `train` section."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from synthkit.schedules import check_length, check_range, in_steps
from synthkit.translator import PRECISIONS

MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
LENGTHS = ("steps", "log_every", "validate_every", "save_every")


@dataclass(kw_only=True)
class Training:
    """How a model is trained.

    A length is a number of steps, or text such as "20 epochs". A step updates the networks once, with
    `batch_size` x `accumulate` samples in each process.

    Args:
        steps: how long to train, a length.
        order: a registered step, which says in what order the networks are updated.
        batch_size: samples that go through the networks at once, in each process.
        accumulate: batches whose gradients one step adds up: more samples per step in the same memory.
        precision: fp32, or bf16 (autocast; weights and losses stay in float32).
        checkpointing: keep the inputs of the networks' blocks alone until the backward pass, which computes
            the rest again: the same training in less memory, a fifth slower. Not in blocks with batch or
            spectral norm.
        memory_format: contiguous or channels_last: often quicker on GPUs, slower on CPUs.
        device: auto, cpu, cuda or cuda:N.
        deterministic: the same bits twice on one machine, at some cost on a GPU.
        seed: of the initial weights, the order of samples and their transforms.
        workers: processes that read data, for each training process.
        init_from: a run, or a checkpoint in it, whose weights to start from where name and shape agree.
        only: parts of networks to train, such as [generator.enhancers]; the rest of these networks is frozen,
            and other networks train wholly.
        optimizer: settings of a torch optimiser, Adam by default, for all groups of networks or, under a
            group's name (generator, discriminator), for that one: {lr: 2e-4, discriminator: {lr: 4e-4}}.
        schedule: the course of the learning rate: `hold`, `decay`, `warmup`.
        clip: the norm to which a group's gradients are shortened where it is larger.
        ema: {decay: 0.999} keeps averaged weights too, which then validate and translate.
        log_every: how often losses are logged, a length.
        validate_every: how often held-out samples are scored and drawn, a length; the end does it too.
        save_every: how often a checkpoint is written, a length; the end does it too.
        validation_images: how many held-out samples are scored.
        samples: how many of them are drawn; of several processes only the first one's share is.
        metrics: registered metrics of the validation.
        best: the metric by which the best checkpoint is told, which is kept; null for none.
        patience: validations in a row without a better value of `best` after which the training ends.
        keep: how many of the last checkpoints are kept.
        dry_run: before the first step, try a few steps, a validation and a save; estimate time and memory.
        trackers: where figures go beside the run folder, by registered name, each with its settings.
    """

    steps: int | str
    order: str = "joint"
    batch_size: int = 1
    accumulate: int = 1
    precision: str = "fp32"
    checkpointing: bool = False
    memory_format: str = "contiguous"
    device: str = "auto"
    deterministic: bool = False
    seed: int = 0
    workers: int = 2
    init_from: str | None = None
    only: Sequence[str] = ()
    optimizer: Mapping = field(default_factory=dict)
    schedule: Mapping = field(default_factory=dict)
    clip: float | None = None
    ema: Mapping | None = None
    log_every: int | str = 20
    validate_every: int | str = 500
    save_every: int | str = 500
    validation_images: int = 100
    samples: int = 6
    metrics: Sequence[str] = ("l1", "psnr", "ssim")
    best: str | None = None
    patience: int | None = None
    keep: int = 1
    dry_run: bool = True
    trackers: Mapping = field(default_factory=dict)

    def __post_init__(self):
        for name in LENGTHS:
            check_length(name, getattr(self, name), least=1)
        for least, names in (
            (1, ("batch_size", "accumulate", "keep", "patience")),
            (0, ("seed", "workers", "validation_images", "samples")),
        ):
            for name in names:
                value = getattr(self, name)
                if value is not None:
                    check_range(name, value, least=least)
        for name, choices in (("memory_format", MEMORY_FORMATS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(choices)}")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip is {self.clip}: it must be above 0")
        if self.best is not None and self.best not in self.metrics:
            raise ValueError(
                f"best is {self.best!r}, which is none of the metrics: {', '.join(self.metrics)}"
            )
        if self.patience is not None and self.best is None:
            raise ValueError("patience counts validations without a better `best`: name a metric there")
        if self.best is not None and not self.validation_images:
            raise ValueError("best needs validation_images, which is 0")

    def in_steps(self, steps_per_epoch: float) -> "Training":
        """The same with every length in steps."""
        return dataclasses.replace(
            self, **{name: in_steps(getattr(self, name), steps_per_epoch) for name in LENGTHS}
        )
