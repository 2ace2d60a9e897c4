"""Where a training's figures go while it runs.

A tracker is registered in TRACKERS and built as `Tracker(run, **settings)`, `run` being the run folder. It
has `log(record)` and `close()`. A record is plain data with a `step` and a `kind`:

- start: `steps`, `config`, `device`, `devices`, `batch`, `seed`, `parameters`, versions, maybe an `estimate`
- step: nothing more; for the console alone
- train: `losses`, `signals`, `rate`, `rates`, `seconds_per_step`, `data_wait` (a share), `seconds` so far
- validation: `scores`, `images` (how many), maybe `metric` and `best` (whether it is the best so far)
- samples: `folder`, which holds NAME.KIND.png of some held-out samples
- notice: `message`; warning: `name` and `message`
- failed: `message`, the error that ends the training
- import: `network`, `plugin`, `file`, `sha256`; of `synthkit import`, for the file of metrics alone
- end: `seconds`, `memory`, `reason`

Only a wrong config stops a training. The console falls silent when its terminal is gone, the file of metrics
keeps what it cannot write and tries again, and every other tracker runs behind a `Guard`, the report too.
"""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from synthkit import build
from synthkit.errors import ConfigError
from synthkit.registry import TRACKERS
from synthkit.trackers.console import Console
from synthkit.trackers.guard import Guard
from synthkit.trackers.metrics_file import MetricsFile
from synthkit.trackers.mlflow import MLflow
from synthkit.trackers.report_page import ReportPage
from synthkit.trackers.tensorboard import TensorBoard
from synthkit.trackers.wandb import WandB

__all__ = [
    "Console",
    "Guard",
    "MLflow",
    "MetricsFile",
    "ReportPage",
    "TensorBoard",
    "WandB",
    "check",
    "open_trackers",
]

ALWAYS = ("console", "metrics", "report")
OPENING = 10.0  # seconds to wait for trackers: libraries are best imported before data workers fork


def open_trackers(section: Mapping, run: Path) -> list:
    """The console, the file of metrics, and, each behind a guard, the report and what the config names.

    `section` maps registered names to settings, `{tensorboard: {}, wandb: {project: streets}}`. The console
    is the first of the list. Raises ConfigError as `check` does, before anything is opened.
    """
    wanted = check(section, run)
    console = Console(run)
    metrics = MetricsFile(run, say=console.say)
    wanted = {"report": partial(ReportPage, run), **wanted}
    guards = [Guard(name, opened, console.say) for name, opened in wanted.items()]
    deadline = time.monotonic() + OPENING
    for guard in guards:
        guard.wait_until_open(deadline - time.monotonic())
    return [console, metrics, *guards]


def check(section: Mapping, run: Path) -> dict[str, partial]:
    """What would open each tracker of the section, by its name; nothing is opened.

    Raises ConfigError, with the YAML path, for unknown names and settings and for values of another type.
    """
    return {name: _checked(section, name, run) for name in section}


def _checked(section: Mapping, name: str, run: Path) -> partial:
    with build.place(section, name):
        if name in ALWAYS:
            raise ConfigError(f"the tracker {name!r} is always there; remove it")
        target = TRACKERS.get(name)
    settings = section[name]
    build.check_mapping(settings, build.where(section, name))
    return partial(target, **build.arguments(target, settings, run=run), run=run)
