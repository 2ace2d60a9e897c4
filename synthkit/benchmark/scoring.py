"""Scores a trained run, or a folder of images, under a protocol."""

import dataclasses
import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch
from torch import Tensor

from synthkit import __version__
from synthkit.benchmark.protocol import Protocol
from synthkit.benchmark.result import Result
from synthkit.benchmark.sources import FolderSource, RunSource, Source
from synthkit.checkpoint import MANIFEST
from synthkit.data.loader import sequence
from synthkit.devices import to_device
from synthkit.errors import DataError
from synthkit.evaluate import Scores
from synthkit.metrics.features import as_png
from synthkit.metrics.metric import Scored
from synthkit.paths import or_shipped
from synthkit.runs import is_run
from synthkit.sample_files import write_pictures
from synthkit.validation import pictures_of

AT_ONCE = 8  # images that the metrics see together
PICTURES = 6  # samples whose pictures are kept
LIBRARIES = ("torchvision", "timm", "torchmetrics", "lpips", "pytorch-fid", "segmentation-models-pytorch")


@dataclass
class Times:
    """Seconds of a scoring: in the generator, in the metrics and their networks, and in all."""

    translating: float = 0.0
    measuring: float = 0.0
    whole: float = 0.0

    def describe(self) -> str:
        """How long it took, and the shares of the time."""
        rest = self.whole - self.translating - self.measuring
        parts = {"generator": self.translating, "metrics": self.measuring, "reading and the rest": rest}
        shares = ", ".join(f"{name} {seconds / self.whole:.0%}" for name, seconds in parts.items())
        return f"{self.whole:.1f} s: {shares}"


def open_source(path: Path, protocol: Protocol, *, root: str | None = None, device: str = "auto") -> Source:
    """What to score: a run, a checkpoint, or a folder of images. `root` is a run's.

    Raises DataError, ConfigError or CheckpointError for what cannot be scored.
    """
    path = or_shipped(path)
    if not path.is_dir():
        raise DataError(f"{path}: there is no such run, and no such folder of images")
    if is_run(path) or (path / MANIFEST).is_file():
        return RunSource(path, protocol, root=root, device=device)
    return FolderSource(path, protocol, device=device)


def score(
    source: Source, protocol: Protocol, folder: Path, *, judge=None, method: str | None = None
) -> tuple[Result, Times]:
    """Score a source and write FOLDER/result.json and FOLDER/samples; `method` is its name in tables.

    `judge` is the protocol's, opened. Raises as `ready`, and DataError where FOLDER cannot be written, before
    anything is computed.
    """
    began, times = time.perf_counter(), Times()
    scores, pictures = ready(protocol, judge), {}
    _make_writable(folder)
    for scored in _batches(source, protocol, scores, times, pictures):
        started = time.perf_counter()
        scores.add(scored)
        times.measuring += time.perf_counter() - started
    started = time.perf_counter()
    values, oracle = scores.values(), scores.oracle()
    times.measuring += time.perf_counter() - started
    times.whole = time.perf_counter() - began
    origin = dataclasses.asdict(source.origin)
    result = Result(
        **origin | ({} if method is None else {"method": method}),
        protocol=protocol.name,
        protocol_sha256=protocol.sha256,
        data_sha256=protocol.data_sha256,
        images=protocol.count,
        judge="" if judge is None else judge.description,
        judge_sha256="" if judge is None else judge.sha256,
        scores=values,
        oracle=oracle,
        scoring_seconds=round(times.whole, 1),
        versions=_versions(),
        samples=tuple(write_pictures(folder / "samples", pictures)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    result.write(folder / "result.json")
    return result, times


def ready(protocol: Protocol, judge=None) -> Scores:
    """The protocol's metrics, ready to score. Raises what is wrong with them before anything is computed:

    DataError for wrong, too few or other images and for missing labels, SynthkitError for missing weights,
    ConfigError for wrong settings.
    """
    scores = protocol.scores(judge)
    offered = {"real", "samples"} | set(protocol.inputs)
    scores.check(offered, len(protocol.content.sizes))
    return scores


def _make_writable(folder: Path) -> None:
    """Make the folder of a result. Raises DataError where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(f"the result cannot be written to {folder}: {error}") from error


def _batches(
    source: Source, protocol: Protocol, scores: Scores, times: Times, pictures: dict[str, dict]
) -> Iterator[Scored]:
    """The fakes with what they are scored against, some at once; `pictures` takes those of a few."""
    count, device = protocol.count, source.device
    drawn = {round(index) for index in np.linspace(0, count - 1, PICTURES)}  # neighbours are often alike
    varied = any("samples" in metric.needs for metric in scores.metrics.values())
    waiting: list[Scored] = []
    reals = sequence(protocol.reference, 1, workers=1, indices=range(count))
    for index, (batch, real) in enumerate(zip(source.batches(count), reals, strict=True)):
        started = time.perf_counter()
        fake = as_png(source.fake(batch, real["image"], seed=index))
        variants = {"samples": _variants(source, batch, protocol, index)} if varied else {}
        times.translating += time.perf_counter() - started
        if index in drawn:
            palette = getattr(protocol.reference.data, "palette", None)
            pictures[real["name"][0]] = pictures_of(real, fake, palette)
        there = to_device(real, device)
        scored = Scored(fake, there["image"], label=there.get("label"), **variants)
        if waiting and scored.fake.shape != waiting[0].fake.shape:
            yield joined(waiting)
            waiting = []
        waiting.append(scored)
        if len(waiting) == AT_ONCE:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting)


def _variants(source: Source, batch: Mapping, protocol: Protocol, index: int) -> Tensor:
    return as_png(source.variants(batch, protocol.samples, seed=index * protocol.samples))


def joined(parts: list[Scored]) -> Scored:
    """Batches of one size as a single one."""
    if len(parts) == 1:
        return parts[0]
    fakes, reals, labels = ([getattr(part, key) for part in parts] for key in ("fake", "real", "label"))
    return Scored(
        torch.cat(fakes),
        torch.cat(reals),
        label=None if labels[0] is None else torch.cat(labels),
        samples=None if parts[0].samples is None else torch.cat([part.samples for part in parts], 1),
    )


def _versions() -> dict[str, str]:
    own = {"synthkit": __version__, "torch": torch.__version__, "python": platform.python_version()}
    return own | {name: version(name) for name in LIBRARIES}
