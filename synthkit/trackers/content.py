"""What trackers that draw by themselves take from records: scalars, pictures, settings."""

import uuid
from collections.abc import Iterator
from pathlib import Path

from synthkit import config

GROUPS = ("losses", "scores", "signals", "rates")
SINGLE = ("seconds_per_step", "data_wait")


def scalars(record: dict) -> dict[str, float]:
    """The figures of a record by names such as losses/gan, scores/psnr, rates/generator, data_wait."""
    found = {f"{group}/{name}": value for group in GROUPS for name, value in record.get(group, {}).items()}
    return found | {name: record[name] for name in SINGLE if name in record}


def pictures(record: dict) -> Iterator[tuple[str, Path]]:
    """Name and file of each picture of a `samples` record; a name is like `00012/fake`."""
    for path in sorted(Path(record["folder"]).glob("*.png")):
        name, _, kind = path.stem.rpartition(".")
        yield f"{name}/{kind}", path


def settings(run: Path) -> dict[str, str | int | float | bool | None]:
    """The run's resolved config by dotted keys; lists as text. Empty without RUN/config.yaml."""
    path = run / "config.yaml"
    leaves = config.flatten(config.load(path)) if path.is_file() else []
    return {key: value if not isinstance(value, list | dict) else str(value) for key, value, _ in leaves}


def identity(run: Path, tracker: str, new: str = "") -> str:
    """The name by which a server knows this run, kept in RUN/trackers/ so that a resumed run goes on there.

    At first it is `new`, or made up where that is empty.
    """
    path = run / "trackers" / f"{tracker}.txt"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        path.write_text(new or uuid.uuid4().hex[:12], encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
