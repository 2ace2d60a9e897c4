"""What a person who watches a training sees."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from synthkit.quantities import clock
from synthkit.registry import TRACKERS

WORTH_SAYING = 0.05  # the share of time that waiting for data must take


@TRACKERS.register_module("console")
class Console:
    """A progress bar with losses, seconds per step and time left; plain lines without a terminal.

    It falls silent when what it writes to is gone, a closed pipe or a terminal that was hung up.
    """

    def __init__(self, run: Path):
        self.console = _Patient(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
        self.progress, self.steps = None, 0

    def log(self, record: dict) -> None:
        """Show a record; kinds that it does not know are left out."""
        if show := getattr(self, f"_{record['kind']}", None):
            with self._silent_if_gone():
                show(record)

    def say(self, message: str) -> None:
        """Show a notice; from any thread."""
        self.log({"kind": "notice", "message": message})

    def close(self) -> None:
        if self.progress is not None:
            with self._silent_if_gone():
                self.progress.stop()
            self.progress = None

    @contextmanager
    def _silent_if_gone(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.console.quiet = True

    def _start(self, record: dict) -> None:
        self.steps = record["steps"]
        millions = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in record["parameters"].items())
        count = record.get("devices", 1)
        device = f"{count} x {record['device']}" if count > 1 else record["device"]
        self.console.print(f"training on {device}: {millions} parameters, {self.steps} steps")
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
        if (waited := record.get("data_wait", 0)) >= WORTH_SAYING:
            pace += f" ({waited:.0%} waiting for data)"
        if self.progress is not None:
            self.progress.update(self.task, completed=record["step"], description=f"{losses}  {pace}")
            return
        left = (self.steps - record["step"]) * record["seconds_per_step"]
        self.console.print(f"step {record['step']}/{self.steps}  {losses}  {pace}  {clock(left)} left")

    def _validation(self, record: dict) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in record["scores"].items())
        best = "  (the best so far)" if record.get("best") else ""
        self.console.print(f"step {record['step']}  validation on {record['images']} images: {scores}{best}")

    def _warning(self, record: dict) -> None:
        self.console.print(f"warning: {record['name']}: {record['message']}")

    def _notice(self, record: dict) -> None:
        self.console.print(record["message"])

    def _end(self, record: dict) -> None:
        early = f"  {record['reason']}" if record["step"] < self.steps and record.get("reason") else ""
        ended = "ended at" if early else "finished"
        self.console.print(f"{ended} step {record['step']} after {clock(record['seconds'])}{early}")


class _Patient(RichConsole):
    """A console that does not end the process when its pipe is closed, as rich would."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
