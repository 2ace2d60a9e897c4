"""Makes a protocol's judge: trains it on the training images, scores the real images, stores it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from synthkit import __version__
from synthkit.benchmark.content import check_apart, fingerprints, hash_of_json
from synthkit.benchmark.judges.judge import Judge, build_judge, is_trained, section_of
from synthkit.benchmark.judges.store import (
    Record,
    judge_folder,
    load_weights,
    read_record,
    spec_of,
    training_of,
    write,
)
from synthkit.benchmark.judges.training import WORKERS, fit
from synthkit.benchmark.protocol import Protocol
from synthkit.data.loader import sequence
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN
from synthkit.devices import pick_device, to_device
from synthkit.errors import ConfigError
from synthkit.metrics.segmentation import confusion_matrix, scores
from synthkit.paths import JUDGES
from synthkit.run_folder import claim


def train_judge(
    protocol: Protocol, folder: Path = JUDGES, *, device: str = "auto", say: Callable[[str], None] = print
) -> Record:
    """Train the protocol's judge on its training images and store it below the folder of judges.

    One that is stored already is checked and not trained again. `say` takes lines of progress.
    Raises ConfigError for a judge that comes with its weights, DataError for wrong data and for a scored
    split that overlaps with the training images, CheckpointError where another process trains the same one.
    """
    if not is_trained(protocol):
        raise ConfigError(
            f"the judge {section_of(protocol)['type']} comes with its weights: nothing to train"
        )
    training, place = training_of(protocol), judge_folder(protocol, folder)
    if record := read_record(place):
        load_weights(build_judge(protocol), protocol, place, record)
        return record
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        judge, samples = build_judge(protocol).to(pick_device(device)), protocol.samples_of(TRAIN)
        check_apart(protocol.reference.data, samples.data)
        with claim(place):
            began = time.monotonic()
            fit(judge, samples, training, say)
            return _stored(judge, protocol, samples, place, time.monotonic() - began)


def _stored(judge: Judge, protocol: Protocol, samples: Samples, place: Path, seconds: float) -> Record:
    return write(
        judge,
        place,
        protocol=protocol.name,
        spec=spec_of(protocol),
        data_sha256=hash_of_json(sorted(found for found, _ in fingerprints(samples.data))),
        scored_sha256=protocol.data_sha256,
        oracle=real_scores(judge, protocol),
        seconds=round(seconds, 1),
        device=str(judge.device),
        versions={"synthkit": __version__, "torch": torch.__version__},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def real_scores(judge: Judge, protocol: Protocol) -> dict[str, float]:
    """The scores that the real images of the scored split get: the oracle."""
    count = len(judge.names)
    matrix = torch.zeros(count + 1, count, dtype=torch.int64)
    for batch in sequence(protocol.reference, 1, WORKERS, indices=range(protocol.count)):
        batch = to_device(batch, judge.device)
        with torch.inference_mode():
            prediction = judge(batch["image"]).argmax(1)
        matrix += confusion_matrix(prediction, judge.relabel(batch["label"]), count, judge.ignore).cpu()
    return scores(matrix, judge.names)
