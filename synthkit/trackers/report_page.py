"""RUN/report.html, kept up to date."""

import time
from pathlib import Path

from synthkit.registry import TRACKERS
from synthkit.report import write_report

EVERY = 30.0  # seconds between two pages
SOON = 5.0  # seconds where there is something to see
REST = 10  # times as long as a page took it waits at least: the training shares the interpreter
TO_SEE = ("start", "samples", "warning", "end")


@TRACKERS.register_module("report")
class ReportPage:
    """Writes RUN/report.html anew soon after samples and warnings, at the end, and else now and then.

    A page takes about a second, and more with the length of the run: too much for a training of tiny networks
    at each validation.
    """

    def __init__(self, run: Path):
        self.run, self.due, self.ended = run, False, False
        self.written, self.took = float("-inf"), 0.0

    def log(self, record: dict) -> None:
        """Write the page if it is due; what the record says is read from RUN/metrics.jsonl."""
        self.ended = record["kind"] == "end"
        self.due = self.due or record["kind"] in TO_SEE
        now, pause = time.monotonic(), max(SOON if self.due else EVERY, REST * self.took)
        if self.ended or now - self.written > pause:
            write_report(self.run)
            self.written, self.due = time.monotonic(), False
            self.took = self.written - now

    def close(self) -> None:
        """Say in the page that the training was stopped, unless it has ended."""
        if not self.ended:
            write_report(self.run, stopped=True)
