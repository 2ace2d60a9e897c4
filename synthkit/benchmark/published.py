"""Numbers from papers, which stand apart: their judges, splits and code differ from those of any protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthkit import build, paths, yaml_loader
from synthkit.errors import ConfigError, shown


@dataclass(frozen=True, kw_only=True)
class Published:
    """A table of a paper.

    Args:
        paper: its authors, venue and title.
        table: what the table is about.
        data: the data set that was scored.
        judge: who judged: a segmentation network, or people.
        verified: whether the numbers were compared with the paper.
        rows: scores by what they are called in the paper, by method; as printed, percentages among them.
    """

    paper: str
    table: str
    data: str
    judge: str
    verified: bool
    rows: dict[str, dict[str, float]]

    def __post_init__(self):
        if not self.rows or not all(self.rows.values()):
            raise ValueError("each table has rows, and each row scores")

    @property
    def scores(self) -> list[str]:
        """The names of the scores, in their order."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))


def load(path: Path | None = None) -> list[Published]:
    """The tables of a file, by default of the shipped one. Raises ConfigError with file and line."""
    path = path or paths.benchmarks_dir() / "published.yaml"
    place = paths.display(path)
    try:
        content = yaml_loader.parse(path.read_text(encoding="utf-8"), place)
    except (OSError, UnicodeError) as error:
        raise ConfigError(str(error), place) from error
    if not isinstance(content, list) or not all(isinstance(each, Mapping) for each in content):
        raise ConfigError(f"a list of tables is needed, not {shown(content)}", place)
    return [build.call(Published, table) for table in content]
