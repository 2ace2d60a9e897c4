"""Finds and reads the YAML files of protocols and studies, and the configs that they name."""

from pathlib import Path

from synthkit import paths, yaml_loader
from synthkit.errors import ConfigError, did_you_mean, listed, shown
from synthkit.section import Section

SUFFIXES = (".yaml", ".yml")


def shipped(folder: str) -> list[str]:
    """The names of the files that come with synthkit, in `folder`: "protocols" or "studies"."""
    return sorted(path.stem for path in (paths.benchmarks_dir() / folder).glob("*.yaml"))


def locate(name: str, folder: str) -> Path:
    """The path of a YAML file, or of a shipped one by its name. Raises ConfigError where there is none."""
    path = Path(name) if name.endswith(SUFFIXES) else paths.benchmarks_dir() / folder / f"{name}.yaml"
    if not path.is_file():
        known = shipped(folder)
        near = did_you_mean(name, known)
        raise ConfigError(f"no file and none of the {folder}: {shown(name)}.{near} Known: {listed(known)}")
    return path


def read(path: Path) -> Section:
    """The mapping in a file. Raises ConfigError, naming it, where there is none."""
    place = paths.display(path)
    try:
        content = yaml_loader.parse(path.read_text(encoding="utf-8"), place)
    except (OSError, UnicodeError) as error:
        raise ConfigError(str(error), place) from error
    if not isinstance(content, Section):
        raise ConfigError(f"a mapping is needed, not {shown(content)}", place)
    return content


def beside(name: str, path: Path) -> str:
    """What a file says of another: a path relative to it where one is there, else the name as it is."""
    near = path.parent / name
    return str(near) if name.endswith(SUFFIXES) and near.is_file() else name
