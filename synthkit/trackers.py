"""Where a training's figures go while it runs. A tracker has `log(record)` and `close()`.

A record is plain data with a `step` and a `kind`: start, step, train, validation, notice or end.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from synthkit.registry import TRACKERS


def open_trackers(section: Mapping, run: Path) -> list:
    """The console, the file of metrics, and the trackers that the config names."""
    return [
        Console(run),
        MetricsFile(run),
        *(TRACKERS.get(name)(run, **values) for name, values in section.items()),
    ]


@TRACKERS.register_module("metrics")
class MetricsFile:
    """Appends records as lines of JSON to RUN/metrics.jsonl; mere steps and notices are left out."""

    def __init__(self, run: Path):
        path = run / "metrics.jsonl"
        torn = path.is_file() and not path.read_bytes().endswith(b"\n")
        self.file = path.open("a", encoding="utf-8")
        self.file.write("\n" if torn else "")

    def log(self, record: dict) -> None:
        if record["kind"] in ("step", "notice", "samples"):
            return
        self.file.write(json.dumps(record, allow_nan=False) + "\n")
        self.file.flush()

    def close(self) -> None:
        self.file.close()


@TRACKERS.register_module("console")
class Console:
    """A progress bar with losses, seconds per step and time left; plain lines without a terminal."""

    def __init__(self, run: Path):
        self.console = RichConsole(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
        self.progress, self.steps = None, 0

    def log(self, record: dict) -> None:
        """Show a record."""
        getattr(self, f"_{record['kind']}")(record)

    def close(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None

    def _start(self, record: dict) -> None:
        self.steps = record["steps"]
        millions = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in record["parameters"].items())
        self.console.print(f"training on {record['device']}: {millions} parameters, {self.steps} steps")
        if self.console.is_terminal:
            columns = (
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.description}", markup=False),
                TimeRemainingColumn(),
            )
            self.progress = Progress(*columns, console=self.console)
            self.task = self.progress.add_task("", total=self.steps, completed=record["step"])
            self.progress.start()

    def _step(self, record: dict) -> None:
        if self.progress is not None:
            self.progress.update(self.task, completed=record["step"])

    def _train(self, record: dict) -> None:
        losses = "  ".join(f"{name} {value:.3f}" for name, value in record["losses"].items())
        pace = f"{record['seconds_per_step']:.3f} s/step"
        if self.progress is not None:
            self.progress.update(self.task, completed=record["step"], description=f"{losses}  {pace}")
            return
        left = (self.steps - record["step"]) * record["seconds_per_step"]
        self.console.print(f"step {record['step']}/{self.steps}  {losses}  {pace}  {_clock(left)} left")

    def _validation(self, record: dict) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in record["scores"].items())
        self.console.print(f"step {record['step']}  validation on {record['images']} images: {scores}")

    def _warning(self, record: dict) -> None:
        self.console.print(f"warning: {record['name']}: {record['message']}")

    def _samples(self, record: dict) -> None:
        pass

    def _notice(self, record: dict) -> None:
        self.console.print(record["message"])

    def _end(self, record: dict) -> None:
        self.console.print(f"finished step {record['step']} after {_clock(record['seconds'])}")


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
