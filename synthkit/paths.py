"""Where the files lie that come with synthkit, and how a path is shown."""

from pathlib import Path

JUDGES = Path("runs") / "judges"  # where trained judges lie, unless another folder is named
STAGES = "stages"  # in a run's folder: those of the runs that were its earlier stages
TRIAL, LOG = "trial.json", "log.txt"  # in a trial's folder: what it is, and what its process printed
_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def shipped(folder: str) -> Path:
    """The folder "configs", "plugins" or "benchmarks": in the wheel's package or at the top of the checkout.

    A marker file tells a checkout from a stray `plugins` in site-packages.
    """
    in_checkout = (_CHECKOUT / "plugins" / ".synthkit-checkout").is_file()
    return (_CHECKOUT if in_checkout else _PACKAGE) / folder


def configs_dir() -> Path:
    """The folder of the shipped configs."""
    return shipped("configs")


def benchmarks_dir() -> Path:
    """The folder of the shipped protocols and studies, and of the published numbers."""
    return shipped("benchmarks")


def pretrained() -> dict[str, Path]:
    """The run folders of the shipped models, by their names."""
    folders = sorted(path for path in (_PACKAGE / "pretrained").glob("*/checkpoints"))
    return {path.parent.name: path.parent for path in folders}


def or_shipped(run: Path) -> Path:
    """The path; where there is nothing, the shipped model of that name, if there is one."""
    return run if run.exists() else pretrained().get(str(run), run)


def display(path: Path) -> str:
    """A path for messages: shipped configs from "configs/", others from the current folder if below it."""
    path, configs = path.resolve(), configs_dir()
    if path.is_relative_to(configs):
        return path.relative_to(configs.parent).as_posix()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
