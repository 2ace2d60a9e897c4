"""Text for a terminal, whatever the file or data holds that it comes from."""

from collections.abc import Iterable

from rich.text import Text


def printable(text: str, style: str = "") -> Text:
    """The text with a sign for each character that a terminal would obey or cannot show."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return Text(shown, style=style)


def lines(parts: Iterable[str], style: str = "") -> Text:
    """Text of several lines, each of them `printable`."""
    return Text("\n").join(printable(part, style) for part in parts)
