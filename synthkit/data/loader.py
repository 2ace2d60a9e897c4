"""Batches in an order that a resumed run continues, and the same with or without workers."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from synthkit.data.samples import Draw, Samples
from synthkit.errors import DataError

TIMEOUT = 120  # seconds that a batch may take a worker


class Order(Sampler):
    """Endless draws from `count` samples: every epoch is a permutation that (seed, epoch) alone decides.

    Position p of a run belongs to epoch p // count, so starting at any `start` replays nothing.
    """

    def __init__(self, count: int, seed: int = 0, start: int = 0):
        self.count = count
        self.seed = seed
        self.start = start

    def __iter__(self) -> Iterator[Draw]:
        epoch, skip = divmod(self.start, self.count)
        while True:
            permutation = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            for place in range(skip, self.count):
                yield Draw(int(permutation[place]), epoch * self.count + place)
            epoch, skip = epoch + 1, 0


def batches(
    samples: Samples,
    batch_size: int,
    *,
    seed: int,
    start: int = 0,
    workers: int = 0,
    share: tuple[int, int] = (0, 1),
) -> Iterator[dict]:
    """Endless shuffled batches from position `start` on, counted in samples, not in batches.

    A batch holds each field stacked, (N, ...), and `name`, a list of N. With `share` (index, count) the order
    is dealt out to `count` processes, a batch in turn, and these are the batches of the one at `index`.
    Raises DataError for a bad sample, for samples that differ in size, and for a worker that died or took
    longer than TIMEOUT.
    """
    order = Order(len(samples), seed, start)
    return _load(samples, _Groups(order, batch_size, share), workers)


def sequence(
    samples: Samples, batch_size: int, workers: int = 0, *, indices: Iterable[int] | None = None
) -> Iterator[dict]:
    """The samples at `indices`, or all, once and in order, in batches like those of `batches`.

    The last batch may be smaller.
    """
    order = [Draw(index, index) for index in (range(len(samples)) if indices is None else indices)]
    return _load(samples, _Groups(order, batch_size), workers)


def collate(samples: Sequence[dict]) -> dict:
    """Stacks each field and lists the names. Raises DataError, naming the samples, if their sizes differ."""
    fields = [field for field in samples[0] if field != "name"]
    names = [sample["name"] for sample in samples]
    sizes = [tuple(sample[fields[0]].shape[-2:]) for sample in samples]
    if len(set(sizes)) > 1:
        listed = ", ".join(
            f"{name} {width}x{height}" for name, (height, width) in zip(names, sizes, strict=True)
        )
        raise DataError(
            f"samples of one batch differ in size (width x height): {listed}; "
            "set data.transform.resize or data.transform.crop, or a batch size of 1"
        )
    return {field: torch.stack([sample[field] for sample in samples]) for field in fields} | {"name": names}


@contextmanager
def worker_errors():
    """Turns torch's notice that a worker died into a DataError.

    torch raises it in the main thread wherever that is at the time, so a training loop belongs inside this.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader "):
            raise
        raise _lost(error, "other work was done") from error


class _Groups:
    """Draws in lists of `size`, the last of which may be shorter; of `count` lists the one at `index`."""

    def __init__(self, draws: Iterable[Draw], size: int, share: tuple[int, int] = (0, 1)):
        self.draws, self.size, self.share = draws, size, share

    def __iter__(self) -> Iterator[list[Draw]]:
        draws, (index, count) = iter(self.draws), self.share
        while groups := [group for _ in range(count) if (group := list(islice(draws, self.size)))]:
            if index < len(groups):
                yield groups[index]


class _Batches(Dataset):
    """Whole batches by their draws. A DataError is returned: torch would bury a raised one in a traceback."""

    def __init__(self, samples: Samples):
        self.samples = samples

    def __getitem__(self, draws: list[Draw]) -> dict | DataError:
        try:
            return collate([self.samples[draw] for draw in draws])
        except DataError as error:
            return error


def _load(samples: Samples, groups: _Groups, workers: int) -> Iterator[dict]:
    loader = DataLoader(
        _Batches(samples),
        batch_size=None,
        sampler=groups,
        num_workers=workers,
        collate_fn=_same,
        worker_init_fn=_leave_signals_to_the_run,
        pin_memory=torch.cuda.is_available(),
        timeout=TIMEOUT if workers else 0,
        generator=torch.Generator(),  # else every loader takes a number from the global generator
    )
    arriving = iter(loader)
    try:
        for group in groups:
            yield _next(arriving, workers, [samples.title(draw.index) for draw in group])
    finally:
        if workers:
            with suppress(RuntimeError):  # after a death torch raises it again for each worker that ends
                arriving._shutdown_workers()
            for worker in arriving._workers:
                worker.kill()  # one that hangs, for it takes no other signal


def _next(arriving: Iterator[dict | DataError], workers: int, names: Sequence[str]) -> dict:
    try:
        batch = next(arriving)
    except (RuntimeError, OSError, EOFError) as error:
        if not workers or str(error).startswith("Caught "):  # the data set's own error, not a queue's
            raise
        raise _lost(error, f"the batch of {', '.join(names)} was awaited") from error
    if isinstance(batch, DataError):
        raise batch
    return batch


def _lost(error: Exception, meanwhile: str) -> DataError:
    reason = str(error).strip(". ") or type(error).__name__
    return DataError(
        f"a loader worker died or hangs, seen while {meanwhile} ({reason}): memory may have "
        "run out or the disk may hang; with 0 workers the main process reads the data, which shows more"
    )


def _leave_signals_to_the_run(worker: int) -> None:
    """Ctrl-C reaches a terminal's whole process group: workers go on, so that the run can finish its step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _same(batch):
    return batch
