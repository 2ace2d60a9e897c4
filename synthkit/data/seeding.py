"""One seed for every generator that a data set or a transform may draw from."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(*seed: int) -> Iterator[None]:
    """Inside, the global CPU generators of Python, NumPy and torch start from `seed`; then all is as before.

    `seed`: whole numbers from 0, such as a run's seed and a sample's position.
    """
    words = np.random.SeedSequence(seed).generate_state(8)
    python, legacy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_whole(words[:2]))  # torch.manual_seed would reseed every GPU too
        random.seed(_whole(words[2:4]))
        np.random.seed(words[4:])
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)


def _whole(words: np.ndarray) -> int:
    return int.from_bytes(words.tobytes(), "little")
