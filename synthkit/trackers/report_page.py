"""RUN/report.html, kept up to date."""

import time
from pathlib import Path

from synthkit.registry import TRACKERS
from synthkit.report import write_report

EVERY = 30.0  # seconds between two pages
SOON = 5.0  # seconds where there is something to see
TO_SEE = ("start", "samples", "warning", "end")


@TRACKERS.register_module("report")
class ReportPage:
    """Writes RUN/report.html anew soon after samples and warnings, at the end, and else now and then.

    A page takes about a second, which a training of tiny networks has no time for at each validation.
    """

    def __init__(self, run: Path):
        self.run, self.written, self.due, self.ended = run, float("-inf"), False, False

    def log(self, record: dict) -> None:
        """Write the page if it is due; what the record says is read from RUN/metrics.jsonl."""
        self.ended = record["kind"] == "end"
        self.due = self.due or record["kind"] in TO_SEE
        if self.ended or time.monotonic() - self.written > (SOON if self.due else EVERY):
            write_report(self.run)
            self.written, self.due = time.monotonic(), False

    def close(self) -> None:
        """Say in the page that the training was stopped, unless it has ended."""
        if not self.ended:
            write_report(self.run, stopped=True)
