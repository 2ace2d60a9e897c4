"""Works trials off in local processes, some at a time: one that fails does not stop the others."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthkit import plugins, quantities
from synthkit.benchmark import trial_process
from synthkit.benchmark.result import Result
from synthkit.benchmark.trial import Trial, stored
from synthkit.data.parallel import cores
from synthkit.errors import ConfigError
from synthkit.paths import LOG, display
from synthkit.run_folder import writing
from synthkit.surroundings import Interrupted, signals

COMMAND = (sys.executable, "-m", trial_process.__name__)
PAUSE = 0.05  # seconds between looks at the processes
MOST_KILLS = 2  # of a trial's process, after which it is not started again
REASON = 12  # last lines of a log


@dataclass(frozen=True)
class Failure:
    """Why a trial gave no result: the end of what its process printed, all of which is in the file `log`."""

    reason: str
    log: Path


class Stopped(Interrupted):
    """Ended by a signal; `outcomes` are those of the trials that were done before, by their folders."""

    def __init__(self, code: int, outcomes: Mapping[Path, Result | Failure]):
        super().__init__(code)
        self.outcomes = outcomes


@dataclass
class _Running:
    folder: Path
    process: subprocess.Popen
    began: float
    offset: int  # in the log, of what this process prints


def run_trials(
    trials: Mapping[Path, Trial],
    *,
    workers: int = 1,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> dict[Path, Result | Failure]:
    """Run trials, each in its folder and in a process of its own, so many at a time; in the trials' order.

    Those that have a result are not run again, and those that were interrupted go on. A process that was
    killed, as the system does where memory runs out, is started once more. SIGINT and SIGTERM are passed on:
    the processes save and end, then Stopped is raised; a second one ends them at once. Each process has
    its share of the cores. `log` is told what happens.

    Raises ConfigError for less than one worker, CheckpointError for a folder that cannot be written.
    """
    if workers < 1:
        raise ConfigError(f"{workers} workers: at least one is needed")
    queue = _Queue(trials, workers, device, log)
    with signals() as stopped:
        try:
            queue.work(stopped)
        finally:  # nothing is left of them unless something went wrong here
            for each in queue.running:
                each.process.kill()
                each.process.wait()
    return {folder: queue.outcomes[folder] for folder in trials}


class _Queue:
    def __init__(self, trials: Mapping[Path, Trial], workers: int, device: str, log: Callable[[str], None]):
        self.trials, self.workers, self.device, self.log = trials, workers, device, log
        self.outcomes: dict[Path, Result | Failure] = {}
        self.running: list[_Running] = []
        self.kills: Counter[Path] = Counter()
        for folder, trial in trials.items():
            if result := stored(trial, folder):
                self.outcomes[folder] = result
        self.waiting = deque(folder for folder in trials if folder not in self.outcomes)
        if self.outcomes:
            log(f"{len(self.outcomes)} of {len(trials)} trials have their results already")

    def work(self, stopped: list[int]) -> None:
        """Start and collect processes until none is left; end them when a signal arrives in `stopped`."""
        while self.waiting or self.running:
            if stopped:
                self._interrupt(stopped[0])
            while self.waiting and len(self.running) < self.workers:
                self._start(self.waiting.popleft())
            for each in self._ended():
                self._collect(each)
            time.sleep(PAUSE)

    def _start(self, folder: Path) -> None:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            trial_process.write(self.trials[folder], folder)
            file = (folder / LOG).open("ab")
        with file:
            offset = file.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                [*COMMAND, str(folder), self.device],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=_environment(self.workers),
                process_group=0,  # the terminal's Ctrl-C reaches it by way of this process alone
            )
        self.running.append(_Running(folder, process, time.monotonic(), offset))
        self.log(f"{display(folder)}: begun, see {LOG} there")

    def _ended(self) -> list[_Running]:
        ended = [each for each in self.running if each.process.poll() is not None]
        self.running = [each for each in self.running if each not in ended]
        return ended

    def _collect(self, ended: _Running) -> None:
        folder, code = ended.folder, ended.process.returncode
        name, took = display(folder), quantities.words(time.monotonic() - ended.began)
        if code < 0:
            self.kills[folder] += 1
            if self.kills[folder] < MOST_KILLS:
                self.log(f"{name}: killed by {_signal(code)} after {took}; it goes on later")
                self.waiting.append(folder)
                return
        outcome = stored(self.trials[folder], folder) if code == 0 else None
        outcome = outcome or Failure(_reason(folder / LOG, ended.offset, code), folder / LOG)
        self.outcomes[folder] = outcome
        end = f"FAILED after {took}: {outcome.reason}" if isinstance(outcome, Failure) else f"done in {took}"
        self.log(f"{name}: {end} ({len(self.outcomes)} of {len(self.trials)})")

    def _interrupt(self, number: int) -> None:
        """Pass a signal on, wait for the processes to end, and raise Stopped."""
        self.log(f"ending {len(self.running)} processes after the step in progress; once more ends at once")
        for each in self.running:
            each.process.send_signal(number)
        while self.running:
            for each in self._ended():
                if each.process.returncode == 0:
                    self._collect(each)
            time.sleep(PAUSE)
        self.log(
            f"stopped with {len(self.outcomes)} of {len(self.trials)} trials done; the same command goes on"
        )
        raise Stopped(128 + number, self.outcomes)


def _environment(workers: int) -> dict[str, str]:
    """This process's, with a share of the cores, and with the folders of plugins that were added here."""
    folders = os.pathsep.join(str(folder) for folder in plugins.added_folders())
    own = {"OMP_NUM_THREADS": str(max(1, cores() // workers)), "PYTHONUNBUFFERED": "1"}
    return own | os.environ | ({plugins.VARIABLE: folders} if folders else {})


def _reason(log: Path, offset: int, code: int) -> str:
    """What a process said last: its error message, or its last line."""
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read().decode("utf-8", "replace")
    if code < 0:
        return f"killed by {_signal(code)}, {MOST_KILLS} times; perhaps memory ran out"
    lines = text.strip().splitlines() or [f"it ended with code {code} and without a result"]
    errors = [index for index, line in enumerate(lines) if line.startswith(trial_process.ERROR)]
    said = lines[errors[-1] :][:REASON] if errors else lines[-1:]
    return "\n".join(said).removeprefix(trial_process.ERROR)


def _signal(code: int) -> str:
    return signal.Signals(-code).name
