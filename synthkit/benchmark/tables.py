"""Results side by side: runs that differ in the seed alone as one line, what may be compared as one table."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from synthkit.benchmark.leaderboard import Row
from synthkit.benchmark.result import Result
from synthkit.benchmark.statistics import Interval, interval
from synthkit.errors import DataError, did_you_mean, listed
from synthkit.runs import config_name
from synthkit.scores import score

ABSENT = "-"
CLASS = "iou/"  # begins the name of a single class's score
ORACLE = "real images"  # what the judge makes of them


@dataclass(frozen=True)
class Group:
    """Runs of one method and config, by their seeds."""

    rows: tuple[Row, ...]

    @cached_property
    def results(self) -> list[Result]:
        return [row.result for row in self.rows]

    @property
    def method(self) -> str:
        return self.results[0].method

    @property
    def config(self) -> str:
        """The config's name, without the folder in which it may have lain."""
        return config_name(self.results[0].config)

    @property
    def seeds(self) -> list[int]:
        return [result.seed for result in self.results]

    @property
    def seconds(self) -> float:
        """Of training, the mean."""
        return sum(result.seconds for result in self.results) / len(self.results)

    @property
    def memory(self) -> int:
        """The most bytes that any of the trainings held."""
        return max(result.memory for result in self.results)

    @property
    def is_on_budget(self) -> bool:
        return all(result.on_budget for result in self.results)

    @property
    def doubts(self) -> list[str]:
        """What sets these runs apart from what the protocol wants."""
        doubts = {
            "not trained for the protocol's budget": self.is_on_budget,
            "not known to be trained on other images": all(result.apart for result in self.results),
        }
        return [words for words, holds in doubts.items() if not holds]

    def score(self, name: str) -> Interval:
        """Mean and 95% interval over the seeds; the mean is NaN where no run has the score."""
        return interval(result.scores.get(name, math.nan) for result in self.results)


@dataclass(frozen=True)
class Table:
    """Groups that were scored under the same protocol, on the same data, by the same judge."""

    groups: tuple[Group, ...]

    @property
    def first(self) -> Result:
        """One of the results, for what all of them share."""
        return self.groups[0].results[0]

    @cached_property
    def scores(self) -> list[str]:
        """The names of all scores, in the order of the protocol."""
        results = [result for group in self.groups for result in group.results]
        return list(dict.fromkeys(name for result in results for name in result.scores))

    @property
    def headlines(self) -> list[str]:
        return headlines(self.scores)

    @property
    def classes(self) -> list[str]:
        """The scores of single classes."""
        return [name for name in self.scores if name.startswith(CLASS)]

    @cached_property
    def oracle(self) -> dict[str, float]:
        """What the real images get."""
        results = [result for group in self.groups for result in group.results]
        return next((result.oracle for result in results if result.oracle), {})

    def notes(self, group: Group) -> list[str]:
        """What the reader must know of a group: its doubts, and its config's hash beside a like-named one."""
        alike = [each for each in self.groups if each.method == group.method]
        return [*([f"config {group.results[0].config_sha256[:8]}"] if len(alike) > 1 else []), *group.doubts]

    def is_best(self, group: Group, name: str) -> bool:
        """Whether a group's mean is the best of several groups that were trained for the budget."""
        means = [each.score(name).mean for each in self.groups if each.is_on_budget]
        means = [mean for mean in means if not math.isnan(mean)]
        return len(means) > 1 and group.is_on_budget and group.score(name).mean == score(name).best(means)


def tables(rows: Iterable[Row], sort: str | None = None) -> list[Table]:
    """The rows in tables, by protocol; in each the best first, by a score or else by its first one.

    Raises DataError for a score that no table has.
    """
    found: dict[tuple, dict[tuple, list[Row]]] = {}
    for row in sorted(rows, key=lambda row: (row.result.protocol, row.result.seed)):
        result = row.result
        groups = found.setdefault(result.comparable, {})
        groups.setdefault((result.method, result.config_sha256), []).append(row)
    made = [Table(tuple(Group(tuple(rows)) for rows in groups.values())) for groups in found.values()]
    known = {name for table in made for name in table.scores}
    if sort is not None and sort not in known:
        raise DataError(f"no result has a score {sort!r}.{did_you_mean(sort, known)} Scores: {listed(known)}")
    return [_sorted(table, sort) for table in made]


def _sorted(table: Table, sort: str | None) -> Table:
    directed = [name for name in table.headlines if score(name).better]
    name = sort if sort in table.scores else (directed or table.scores or [""])[0]
    sign = -1 if score(name).better == "higher" else 1

    def place(group: Group) -> tuple[bool, float, str]:
        mean = group.score(name).mean
        return math.isnan(mean), 0.0 if math.isnan(mean) else sign * mean, group.method

    return Table(tuple(sorted(table.groups, key=place)))


def headlines(names: Sequence[str]) -> list[str]:
    """The scores of all classes, without those that tell how sure another one is."""
    spreads = {f"{name}_std" for name in names}
    return [name for name in names if name not in spreads and not name.startswith(CLASS)]


def text(name: str, found: Interval, *, signed: bool = False) -> str:
    """A score as it is written: its mean, or with its sign a difference, and half its interval."""
    if math.isnan(found.mean):
        return ABSENT
    mean = ("+" if signed and found.mean > 0 else "") + score(name).text(found.mean)
    return mean if found.half is None else f"{mean} ± {score(name).text(found.half)}"


def number(name: str, value: float | None) -> str:
    """A single score as it is written."""
    return ABSENT if value is None or math.isnan(value) else score(name).text(value)


def heading(name: str) -> str:
    """A score's title with its unit, and an arrow towards what is better."""
    shown = score(name)
    arrow = {"higher": "↑", "lower": "↓"}.get(shown.better, "")
    return " ".join(filter(None, (shown.title, shown.unit, arrow)))


def basis(table: Table) -> str:
    """What a table rests on, in words: images, judge and the beginnings of the hashes."""
    first = table.first
    judge = f"judge {first.judge} ({first.judge_sha256[:8]})" if first.judge_sha256 else "no judge"
    hashes = f"protocol {first.protocol_sha256[:8]}, data {first.data_sha256[:8]}"
    return f"{first.images} images, {judge}, {hashes}"


def escaped(words: str) -> str:
    """A single line of Markdown in which nothing is markup."""
    return re.sub(r"([\\`*\[\]<>|&])", r"\\\1", " ".join(words.split()))
