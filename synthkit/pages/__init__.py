"""The pages that people look at: templates with one look, written whole or not at all."""

import base64
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from synthkit.errors import DataError

T = TypeVar("T")
_writing = threading.Lock()  # a training's own thread may write the page that someone else asks for


def write_page(target: Path, template: str, content: dict[str, Any]) -> Path:
    """Render a template of this folder to a file, replacing it at once. Returns the file's path.

    Raises DataError where it cannot be written.
    """
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template(template).render(content)
    partial = target.with_name(f".{target.name}.partial")
    with _writing:
        try:
            partial.write_bytes(page.encode("utf-8", "replace"))
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise DataError(f"{target} cannot be written: {error}") from error
    return target


def picture_data(picture: Image.Image, height: int) -> str:
    """A data URI of an RGB picture, enlarged smoothly where it is less than `height` pixels high."""
    if (factor := height / picture.height) > 1:
        picture = picture.resize((max(1, round(picture.width * factor)), height), Image.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def thinned(values: Sequence[T], most: int) -> list[T]:
    """As many of the values as allowed, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(index * (len(values) - 1) / (most - 1))] for index in range(most)]
