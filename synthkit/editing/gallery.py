"""A page of a library of objects: each class with its objects and their masks."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit.editing.objects import Objects, SceneObject
from synthkit.pages import picture_data, write_page

TALL = 96  # pixels: the height of a picture on the page
GREY = 140  # seen on light and on dark


def write_gallery(objects: Objects, run: str, target: Path) -> Path:
    """Write one self-contained HTML page to `target`; return its path.

    Raises DataError where it cannot be written.
    """
    content = {
        "title": "Objects",
        "run": run,
        "facts": dict(objects.origin),
        "classes": [
            {
                "name": objects.classes.get(label, f"class {label}"),
                "label": label,
                "objects": [_card(each) for each in found],
            }
            for label, found in objects.by_class().items()
        ],
        "height": TALL,
    }
    return write_page(target, "objects.html.j2", content)


def _card(each: SceneObject) -> dict:
    height, width = each.mask.shape
    return {
        "name": each.name,
        "picture": picture_data(each.thumbnail, TALL),
        "mask": _mask_data(each.mask),
        "size": f"{width}x{height} of {each.height}",
        "styled": each.code is not None,
    }


def _mask_data(mask: np.ndarray) -> str:
    """A data URI of a mask (h, w) in grey, clear around it."""
    picture, file = np.full((*mask.shape, 2), GREY, np.uint8), io.BytesIO()
    picture[..., 1] = mask * np.uint8(255)
    Image.fromarray(picture, "LA").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
