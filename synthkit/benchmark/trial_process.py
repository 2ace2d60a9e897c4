"""One trial as a process: `python -m synthkit.benchmark.trial_process FOLDER [DEVICE]`.

FOLDER/trial.json says what to train, so that a queue on this machine and a cluster's start it alike.
"""

import dataclasses
import json
import sys
from pathlib import Path

from synthkit import build
from synthkit.benchmark.trial import Trial, run
from synthkit.errors import ConfigError, DataError, SynthkitError
from synthkit.paths import TRIAL
from synthkit.section import from_plain

ERROR = "error: "  # begins the message of a trial that failed


def write(trial: Trial, folder: Path) -> Path:
    """Write FOLDER/trial.json, whole or not at all."""
    path, partial = folder / TRIAL, folder / f".{TRIAL}.partial"
    partial.write_text(f"{json.dumps(dataclasses.asdict(trial), indent=2)}\n", encoding="utf-8")
    return partial.replace(path)


def read(folder: Path) -> Trial:
    """The trial in FOLDER/trial.json. Raises DataError, naming the file, where it is none."""
    path = folder / TRIAL
    try:
        return build.call(Trial, from_plain(json.loads(path.read_text(encoding="utf-8")), origin=str(path)))
    except (OSError, ValueError, ConfigError) as error:
        raise DataError(f"{path} is no trial: {error}") from error


def main(folder: str, device: str = "auto") -> int:
    """Run the trial; an error meant for the user becomes the last message and exit code 1."""
    try:
        run(read(Path(folder)), Path(folder), device=device)
    except SynthkitError as error:
        print(f"{ERROR}{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
