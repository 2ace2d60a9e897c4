"""A whole benchmark: every method of a protocol, trained and scored with every seed."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from synthkit.benchmark.judges import is_trained, judge_of, train_judge
from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.protocol import Protocol
from synthkit.benchmark.queue import Failure, Stopped, run_trials
from synthkit.benchmark.result import Result
from synthkit.benchmark.scoring import ready
from synthkit.benchmark.submission import find
from synthkit.benchmark.trial import Trial
from synthkit.errors import ConfigError, did_you_mean, listed
from synthkit.run_folder import claim


def plan(
    protocol: Protocol, folder: Path, *, judges: Path, root: Path | None = None, methods: tuple[str, ...] = ()
) -> dict[Path, Trial]:
    """The trials by run folder, FOLDER/METHOD/seed_S: seed by seed, so that an early end still compares.

    `methods` are some of the protocol's, by default all; `root` is where the data lie, if not where the
    files say. Raises ConfigError for a method that the protocol has not.
    """
    if unknown := [name for name in methods if name not in protocol.methods]:
        near = did_you_mean(unknown[0], protocol.methods)
        raise ConfigError(
            f"{protocol.name} has no method {unknown[0]!r}.{near} Methods: {listed(protocol.methods)}"
        )
    return {
        folder / name / f"seed_{seed}": Trial(
            protocol=str(protocol.path),
            method=name,
            config=protocol.methods[name].config,
            overrides=tuple(protocol.methods[name].overrides),
            seed=seed,
            root=None if root is None else str(root),
            judges=str(judges),
        )
        for seed in protocol.seeds
        for name in methods or protocol.methods
    }


def prepare(protocol: Protocol, judges: Path, *, device: str, log: Callable[[str], None] = print) -> None:
    """Train the protocol's judge, unless that has been done, and make sure that the metrics can score."""
    if protocol.judge is not None and is_trained(protocol):
        train_judge(protocol, judges, device=device, say=log)
    ready(protocol, judge_of(protocol, judges))


def run(
    trials: Mapping[Path, Trial],
    folder: Path,
    board: Path,
    *,
    workers: int = 1,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> dict[Path, Result | Failure]:
    """Work off what is not done yet, so many trials at a time, and submit all results to a leaderboard.

    Raises CheckpointError where another process works in the folder; otherwise as `run_trials`, after an
    interruption with the results of the trials that were done submitted.
    """
    with closing(claim(folder)):
        try:
            outcomes = run_trials(trials, workers=workers, device=device, log=log)
        except Stopped as stopped:
            _submit(stopped.outcomes, board)
            raise
    _submit(outcomes, board)
    return outcomes


def _submit(outcomes: Mapping[Path, Result | Failure], board: Path) -> None:
    done = [folder for folder, outcome in outcomes.items() if isinstance(outcome, Result)]
    if done:
        with Leaderboard(board, create=True) as leaderboard:
            leaderboard.submit(find(done, outcomes[done[0]].protocol), replacing=True)
