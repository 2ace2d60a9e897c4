"""The lock on a run folder: the kernel holds it for a process, and drops it however that ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from synthkit.errors import CheckpointError

NAME = ".lock"
TRIES, PAUSE = 5, 0.02  # a look by `is_held` also keeps the lock, for microseconds


def hold(folder: Path) -> TextIO:
    """Lock the folder for as long as the returned file is open; another holder is a CheckpointError."""
    file = (folder / NAME).open("a+", encoding="utf-8")
    for _ in range(TRIES):
        if _locked(file, fcntl.LOCK_EX):
            break
        time.sleep(PAUSE)
    else:
        file.seek(0)
        holder = file.read().strip() or "?"
        file.close()
        raise CheckpointError(f"{folder} is in use by process {holder}")
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def is_held(folder: Path) -> bool:
    """Whether a process trains in the folder just now; nothing is written. OSError if that cannot be told."""
    try:
        with (folder / NAME).open("rb") as file:
            return not _locked(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locked(file, operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
