"""Runs a study: checks its variants, works its trials off, and writes what they show."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from synthkit import config, runner
from synthkit.benchmark.findings import Findings, gather
from synthkit.benchmark.queue import Stopped, run_trials
from synthkit.benchmark.result import Result
from synthkit.benchmark.study import Study, Variant
from synthkit.benchmark.study_plots import write_plot
from synthkit.benchmark.study_report import write_report
from synthkit.benchmark.study_table import as_csv, markdown
from synthkit.benchmark.suite import prepare
from synthkit.run_folder import claim, writing


class Estimate(NamedTuple):
    """What one training of a variant takes: seconds, and bytes of memory at once."""

    seconds: float
    memory: int


def ablate(
    study: Study,
    folder: Path,
    *,
    workers: int = 1,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> Findings:
    """Train and score what a study's folder lacks, so many trials at a time, and write what all of them show.

    The protocol's judge is trained first where it has not been. FOLDER/VARIANT/seed_S are the trials' run
    folders; table.md, table.csv, plots/*.png and report.html stand beside them. Failed trials are marked so.

    Raises before the first trial what `Study.check` does, CheckpointError where another process works in the
    folder, and otherwise as `run_trials`; after an interruption what is done is written, and marked so.
    """
    study.check()
    with closing(claim(folder)):
        prepare(study.protocol, Path(study.base.trial.judges), device=device, log=log)
        try:
            outcomes = run_trials(study.trials(folder), workers=workers, device=device, log=log)
        except Stopped as stopped:
            if any(isinstance(outcome, Result) for outcome in stopped.outcomes.values()):
                write(gather(study, folder, stopped.outcomes))
                log(f"what is done so far: {folder / 'report.html'}")
            raise
        findings = gather(study, folder, outcomes)
        write(findings)
    return findings


def write(findings: Findings) -> None:
    """Write the table, the plots and the page into the study's folder."""
    folder = findings.folder
    with writing(folder):
        (folder / "table.md").write_text(markdown(findings), encoding="utf-8")
        (folder / "table.csv").write_text(as_csv(findings), encoding="utf-8", newline="")
        for name in findings.headlines:
            write_plot(findings, name, folder / "plots" / f"{name}.png")
    write_report(findings, folder / "report.html")


def estimate(study: Study, variant: Variant) -> Estimate:
    """Try a variant's training for some steps, and say what the whole takes."""
    budget = study.protocol.budget
    tried = [runner.dry_run(stage) for stage in config.stages(variant.config).values()]
    seconds = sum(each.seconds for each in tried)
    if budget:
        seconds = (
            60 * budget["minutes"] if "minutes" in budget else budget["steps"] * tried[0].seconds_per_step
        )
    return Estimate(seconds, max(each.memory for each in tried))
