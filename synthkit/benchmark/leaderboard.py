"""The leaderboard: scored runs with their pictures, in one SQLite file that many may write to."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from synthkit.benchmark import result
from synthkit.benchmark.result import Result
from synthkit.benchmark.submission import Picture, Submission
from synthkit.errors import DataError, listed

VERSION = 1  # of the tables
APPLICATION = 0x53594E54  # tells the file from other programs' databases
PATIENCE = 60.0  # seconds that a writer waits for others
# A table of the leaderboard holds each of these once: a second training with the same seed is not a sample
# of its own, and must not narrow an interval.
KEY = ("protocol_sha256", "data_sha256", "judge_sha256", "method", "config_sha256", "seed")
COLUMNS = ("protocol", *KEY)  # of what `result` says, those that are searched
CIRCUMSTANCES = {"created": "", "scoring_seconds": 0.0}  # in which one and the same result may differ

SCHEMA = f"""
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    protocol TEXT NOT NULL,
    protocol_sha256 TEXT NOT NULL,
    data_sha256 TEXT NOT NULL,
    judge_sha256 TEXT NOT NULL,
    method TEXT NOT NULL,
    config_sha256 TEXT NOT NULL,
    seed INTEGER NOT NULL,
    result TEXT NOT NULL,
    run TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE ({", ".join(KEY)})
);
CREATE TABLE pictures (sha256 TEXT PRIMARY KEY, png BLOB NOT NULL);
CREATE TABLE samples (
    result INTEGER NOT NULL REFERENCES results ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    picture TEXT NOT NULL REFERENCES pictures,
    PRIMARY KEY (result, name, kind)
);
CREATE INDEX samples_of_picture ON samples (picture);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""


@dataclass(frozen=True)
class Row:
    """A stored result as the file has it: `columns` as they are searched, `text` as result.json.

    `sha256` was computed when it was stored; `run` is where the run lay then.
    """

    id: int
    columns: dict
    text: str
    run: Path
    sha256: str

    @cached_property
    def result(self) -> Result:
        """The result. Raises DataError where the text is none."""
        return result.parse(self.text, f"row {self.id} of the leaderboard")


class Leaderboard:
    """A leaderboard's file, open for reading and writing until `close`, or as a context.

    Raises DataError, naming the file, where it is no leaderboard of this version, or cannot be used; one that
    is not there is made only with `create`.
    """

    def __init__(self, path: Path, *, create: bool = False):
        self.path = path
        if not create and not path.is_file():
            raise DataError(f"there is no leaderboard {path}: `synthkit leaderboard submit RUN` makes one")
        with self._named():
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite's own journal: a write-ahead log is faster, but not safe on disks that machines share
            self._file = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            self._check_schema()
            self._file.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Leaderboard":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def submit(self, submissions: Sequence[Submission], *, replacing: bool = False) -> int:
        """Store results, all or none; return how many the file did not hold before.

        Raises DataError for one that differs from a stored result of the same protocol, data, judge, method,
        config and seed, unless it is to replace that.
        """
        with self._writing():
            return sum(self._submit(each, replacing) for each in submissions)

    def rows(self, protocol: str | None = None) -> list[Row]:
        """The stored results in the order in which they came, of all protocols or of those of one name.

        Raises DataError for a name that no result has.
        """
        with self._named():
            chosen = self._select("WHERE ?1 IS NULL OR protocol = ?1 ORDER BY id", protocol)
            found = [_row(values) for values in chosen]
            known = self._file.execute("SELECT DISTINCT protocol FROM results").fetchall()
        if protocol and not found:
            names = listed(name for (name,) in known)
            raise DataError(f"{self.path} has no result under {protocol!r}. Protocols: {names}")
        return found

    def pictures(self, row: Row) -> tuple[Picture, ...]:
        """The pictures of a result, in the order of its samples."""
        query = (
            "SELECT name, kind, CAST(png AS BLOB) FROM samples JOIN pictures ON picture = sha256 "
            "WHERE result = ? ORDER BY samples.rowid"
        )
        with self._named():
            return tuple(Picture(*values) for values in self._file.execute(query, (row.id,)))

    def _select(self, rest: str, *values) -> sqlite3.Cursor:
        columns = f"id, {', '.join(COLUMNS)}, CAST(result AS TEXT), CAST(run AS TEXT), sha256"
        return self._file.execute(f"SELECT {columns} FROM results {rest}", values)

    def _submit(self, new: Submission, replacing: bool) -> bool:
        """Store one result; False where the same one is there already."""
        same = " AND ".join(f"{name} = ?" for name in KEY)
        if values := self._select(f"WHERE {same}", *(getattr(new.result, name) for name in KEY)).fetchone():
            old = _row(values)
            if not replacing:
                self._check_same(old.result, new)
                return False
            self._file.execute("DELETE FROM results WHERE id = ?", (old.id,))
            self._file.execute("DELETE FROM pictures WHERE sha256 NOT IN (SELECT picture FROM samples)")
        self._insert(new)
        return True

    def _check_same(self, old: Result, new: Submission) -> None:
        """Raise DataError where a result is not the stored one, but for when and how fast it was scored."""
        then, now = (asdict(replace(each, **CIRCUMSTANCES)) for each in (old, new.result))
        changed = [name for name in then if repr(then[name]) != repr(now[name])]  # as text NaN equals NaN
        if changed:
            raise DataError(
                f"{self.path} has another result of {old.method} with seed {old.seed} under {old.protocol}, "
                f"which differs in {listed(changed)}; --replace puts that of {new.run} in its place"
            )

    def _insert(self, new: Submission) -> None:
        names = (*COLUMNS, "result", "run", "sha256")
        values = [getattr(new.result, name) for name in COLUMNS]
        row = self._file.execute(
            f"INSERT INTO results ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            (*values, new.result.text, str(new.run), new.sha256),
        ).lastrowid
        for picture in new.pictures:
            self._file.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?)", (picture.sha256, picture.png))
            self._file.execute(
                "INSERT INTO samples VALUES (?, ?, ?, ?)", (row, picture.name, picture.kind, picture.sha256)
            )

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Within it, what goes wrong with the file names it."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise DataError(f"the leaderboard {self.path} cannot be used: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, from its start the only one that writes: it happens as a whole or not at all."""
        with self._named():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise

    def _check_schema(self) -> None:
        """Make the tables of a new file; DataError for the file of another program or version."""
        if self._marks() == (0, 0, 0):
            with self._writing():
                if self._marks() == (0, 0, 0):  # nobody was faster
                    for statement in filter(str.strip, SCHEMA.split(";")):
                        self._file.execute(statement)
        application, version, _ = self._marks()
        if application != APPLICATION:
            raise DataError(f"{self.path} is no leaderboard, but another program's database")
        if version != VERSION:
            raise DataError(
                f"{self.path} is a leaderboard of version {version}; this synthkit reads {VERSION}"
            )

    def _marks(self) -> tuple[int, int, int]:
        """The ids of program and version, and how many tables there are; all 0 in a new file."""
        queries = ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        with self._named():
            return tuple(self._file.execute(query).fetchone()[0] for query in queries)


def _row(values: tuple) -> Row:
    number, *columns, text, run, sha256 = values
    return Row(number, dict(zip(COLUMNS, columns, strict=True)), text, Path(run), sha256)
