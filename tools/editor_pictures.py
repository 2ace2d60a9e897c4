"""Writes docs/images/editor_*.jpg, or into another folder: the editor after each kind of edit, in a browser.

PYTHONPATH=tests python tools/editor_pictures.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np
from editor_page import EditorPage, browsing, open_scene, serving
from scipy import ndimage

PICTURES = Path(__file__).parents[1] / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
TREE, CAR, BUILDING = 6, 7, 1


def stroke(editor: EditorPage) -> None:
    """Leaves on a house."""
    editor.press("2", "b")
    editor.page.locator("#classes label", has_text="tree").click()
    editor.page.locator("#size").fill("26")
    editor.drag((120, 60), (140, 45), (160, 65), (180, 45))


def label(editor: EditorPage) -> None:
    """A building becomes sky."""
    select(editor, editor.instances(BUILDING)[1])
    editor.page.locator("#selection-class").select_option("sky")
    editor.idle()
    thumbnails(editor)


def object(editor: EditorPage) -> None:
    """A car comes from the library; it is still held."""
    editor.hold_object("car 04", 350, 205)
    editor.page.mouse.up()
    editor.idle()


def style(editor: EditorPage) -> None:
    """A tree in another of its styles."""
    select(editor, editor.instances(TREE)[0])
    thumbnails(editor)
    editor.page.locator("#style-tiles img").nth(4).click()
    editor.idle()
    thumbnails(editor)


def thumbnails(editor: EditorPage) -> None:
    """Waits for the pictures of all styles."""
    editor.page.wait_for_function(
        "() => [...document.querySelectorAll('#style-tiles button')].every("
        "each => each.querySelector('img')?.naturalWidth)"
    )


def select(editor: EditorPage, instance: dict) -> None:
    editor.press("v")
    inside = ndimage.distance_transform_edt(editor.maps()[1] == instance["id"])
    y, x = np.unravel_index(inside.argmax(), inside.shape)
    editor.click(int(x), int(y))


def take(editor: EditorPage, path: Path) -> None:
    editor.page.mouse.move(0, 0)
    editor.page.wait_for_load_state("networkidle")
    editor.page.screenshot(path=path, type="jpeg", quality=85)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with serving() as address, browsing() as browser:
        for act in (stroke, label, object, style):
            open_scene(address)
            scheme = "dark" if act is object else "light"
            editor = EditorPage(browser, address, viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
            act(editor)
            take(editor, folder / f"editor_{act.__name__}.jpg")
            editor.context.close()


if __name__ == "__main__":
    main()
