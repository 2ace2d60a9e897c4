"""What the trials of a study show: each variant's scores over seeds, and how they differ from the base's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from synthkit.benchmark.queue import Failure
from synthkit.benchmark.result import Result
from synthkit.benchmark.statistics import Interval, interval, paired
from synthkit.benchmark.study import BASE, Study, Variant, trial_folder
from synthkit.benchmark.tables import headlines
from synthkit.scores import score


@dataclass(frozen=True)
class Row:
    """A variant and what became of its trials, by seed."""

    variant: Variant
    results: dict[int, Result]
    failures: dict[int, Failure]

    def values(self, name: str) -> dict[int, float]:
        """A score by seed, NaN where a result lacks it."""
        return {seed: result.scores.get(name, math.nan) for seed, result in self.results.items()}

    def score(self, name: str) -> Interval:
        """The score's mean over seeds."""
        return interval(self.values(name).values())


@dataclass(frozen=True)
class Findings:
    """A study's rows, in the order of its variants; `folder` is where its trials lie."""

    study: Study
    folder: Path
    rows: tuple[Row, ...]

    @property
    def base(self) -> Row:
        return next(row for row in self.rows if row.variant.name == BASE)

    @cached_property
    def results(self) -> list[Result]:
        """Those of all variants and seeds."""
        return [result for row in self.rows for result in row.results.values()]

    @cached_property
    def scores(self) -> list[str]:
        """The names of all scores, in the protocol's order."""
        return list(dict.fromkeys(name for result in self.results for name in result.scores))

    @property
    def headlines(self) -> list[str]:
        """The scores of all classes."""
        return headlines(self.scores)

    @cached_property
    def oracle(self) -> dict[str, float]:
        """What the real images get."""
        return next((result.oracle for result in self.results if result.oracle), {})

    def difference(self, row: Row, name: str) -> Interval:
        """How much higher a variant's score is than the base's, over the seeds that both have."""
        return paired(row.values(name), self.base.values(name))

    def verdict(self, row: Row, name: str) -> str:
        """better, worse or differs where the difference's interval excludes 0, else nothing."""
        found, better = self.difference(row, name), score(name).better
        if row is self.base or not found.excludes_zero:
            return ""
        if not better:
            return "differs"
        return "better" if (found.mean > 0) == (better == "higher") else "worse"

    @property
    def missing(self) -> int:
        """How many trials have neither a result nor failed: those that an interruption left."""
        done = sum(len(row.results) + len(row.failures) for row in self.rows)
        return len(self.rows) * len(self.study.seeds) - done

    @property
    def cautions(self) -> list[str]:
        """Why these numbers may not be comparable, or say less than they seem to."""
        tables = {result.comparable for result in self.results}
        planned = len(self.rows) * len(self.study.seeds)
        doubts = {
            f"Interrupted: {self.missing} of {planned} trials are still to be run.": self.missing > 0,
            "The results stem from different protocols, data or judges.": len(tables) > 1,
            "Some were not trained for the protocol's budget.": not all(r.on_budget for r in self.results),
            "Of some it is not known whether they were trained on scored images.": not all(
                r.apart for r in self.results
            ),
            "They were trained on different devices.": len({result.device for result in self.results}) > 1,
        }
        return [words for words, holds in doubts.items() if holds]


def gather(study: Study, folder: Path, outcomes: Mapping[Path, Result | Failure]) -> Findings:
    """Sort the outcomes of a study's trials, or of those that have one, by variant and seed."""

    def row(variant: Variant) -> Row:
        folders = {seed: trial_folder(folder, variant, seed) for seed in study.seeds}
        by_seed = {seed: outcomes[path] for seed, path in folders.items() if path in outcomes}
        failures = {seed: each for seed, each in by_seed.items() if isinstance(each, Failure)}
        return Row(variant, {seed: by_seed[seed] for seed in by_seed if seed not in failures}, failures)

    return Findings(study, folder, tuple(map(row, study.variants)))
