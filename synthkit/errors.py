"""The errors that synthkit raises on purpose, and the words they share."""

import difflib
import reprlib
from collections.abc import Iterable


class SynthkitError(Exception):
    """The base of every error whose message is meant for the user."""


class SynthkitWarning(UserWarning):
    """A warning meant for the user; the command line prints it as one line."""


class ConfigError(SynthkitError):
    """A config is wrong; `where` is the YAML path and the place in the file, if known."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class DataError(SynthkitError):
    """An image, a label map or a data folder is wrong."""


class CheckpointError(SynthkitError):
    """A checkpoint is damaged, foreign, or does not fit the model."""


class NotFiniteError(SynthkitError):
    """A loss or a gradient became NaN or infinite; raised before an optimiser would use it."""


class ExportError(SynthkitError):
    """A model cannot be exported, or the exported file does not give the model's images."""


class PluginError(SynthkitError):
    """A plugin is missing, broken, twice there, or registers what it may not."""


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80
_short.maxlist = _short.maxdict = 8


def shown(value: object) -> str:
    """The repr of a value, shortened to fit into a message."""
    if isinstance(value, int) and value.bit_length() > 200:  # Python refuses to print the longest
        return f"an integer of {value.bit_length()} bits"
    return _short.repr(value)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """' Did you mean …?' with up to three of `known` that look like `word`, else nothing.

    A name with a slash is also found by what stands behind the slash.
    """
    word, known = str(word)[:100], sorted(map(str, known))
    whole = difflib.get_close_matches(word, known, 3, 0.7)
    tails = {name.rpartition("/")[2]: name for name in known}
    near = whole or [
        tails[tail] for tail in difflib.get_close_matches(word.rpartition("/")[2], tails, 3, 0.6)
    ]
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def listed(words: Iterable[object]) -> str:
    """Words sorted and joined by commas, or '(none)'."""
    return ", ".join(sorted(map(str, words))) or "(none)"
