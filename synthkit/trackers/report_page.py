"""RUN/report.html, kept up to date."""

import time
from pathlib import Path

from synthkit.registry import TRACKERS
from synthkit.report import write_report

EVERY = 30.0  # seconds between two pages, unless there are new pictures or warnings
AT_ONCE = ("start", "samples", "warning", "end")


@TRACKERS.register_module("report")
class ReportPage:
    """Writes RUN/report.html anew with samples, warnings, the start and the end, and else now and then."""

    def __init__(self, run: Path):
        self.run, self.written, self.ended = run, 0.0, False

    def log(self, record: dict) -> None:
        """Write the page if it is due; what the record says is read from RUN/metrics.jsonl."""
        self.ended = record["kind"] == "end"
        if record["kind"] in AT_ONCE or time.monotonic() - self.written > EVERY:
            write_report(self.run)
            self.written = time.monotonic()

    def close(self) -> None:
        """Say in the page that the training was stopped, unless it has ended."""
        if not self.ended:
            write_report(self.run, stopped=True)
