"""Editing without a mouse, and names for those who do not see the page."""

import numpy as np
import pytest

ROAD, TREE = 2, 6
CONTROLS = "button, input, select, canvas[tabindex], [role=slider], [role=tab], a[href]"


def focus_canvas(editor) -> None:
    """Tabs on to the canvas, as the radio buttons before it are one stop each."""
    for _ in range(20):
        editor.page.keyboard.press("Tab")
        if editor.page.evaluate("document.activeElement.id") == "marks":
            return
    pytest.fail("Tab does not lead to the canvas")


def said(editor) -> str:
    editor.page.wait_for_timeout(200)  # until words have settled
    return editor.page.locator("#live").inner_text()


def test_a_stroke_by_keyboard(editor):
    before = editor.maps()[0]
    editor.press("b")
    focus_canvas(editor)
    editor.press("ArrowUp", "ArrowUp")
    assert " · " in said(editor), "the class under the cursor and its place are told"
    editor.press("Space", *["Shift+ArrowRight"] * 3, "Space")
    painted = np.argwhere(before != editor.maps()[0])
    assert np.ptp(painted[:, 1]) >= 20
    assert editor.view()["edits"][0]["points"][0][1] == editor.size[1] // 2 - 2
    editor.press("Control+z")
    assert said(editor).startswith("undone: ")
    assert np.array_equal(editor.maps()[0], before)
    editor.press("Control+y")
    assert (before != editor.maps()[0]).any()


def test_escape_cancels_a_stroke(editor):
    editor.press("b")
    focus_canvas(editor)
    editor.press("Space", "ArrowRight", "Escape")
    assert said(editor) == "cancelled"
    assert editor.view()["edits"] == []


def test_an_object_by_keyboard(editor):
    before = editor.maps()[1]
    editor.page.locator("#tab-selection").focus()
    editor.press("ArrowRight")
    assert editor.page.locator("#objects").is_visible()
    tile = editor.page.locator("#objects-tiles button").first
    tile.focus()
    editor.press("Enter")
    new = max(set(editor.maps()[1].ravel()) - set(before.ravel()))
    centre = np.argwhere(editor.maps()[1] == new).mean(0)
    assert np.abs(centre - np.array(editor.size[::-1]) / 2).max() < 30
    focus_canvas_after_panels(editor)
    editor.press("Space", *["Shift+ArrowLeft"] * 4, "Space")
    assert centre[1] - np.argwhere(editor.maps()[1] == new).mean(0)[1] == pytest.approx(40, abs=1)
    editor.press("Delete")
    assert np.array_equal(editor.maps()[1] == new, np.zeros_like(before, bool))


def focus_canvas_after_panels(editor) -> None:
    for _ in range(30):
        editor.page.keyboard.press("Shift+Tab")
        if editor.page.evaluate("document.activeElement.id") == "marks":
            return
    pytest.fail("Shift+Tab does not lead to the canvas")


def test_a_style_and_a_label_by_keyboard(editor):
    focus_canvas(editor)
    editor.press("Enter")
    editor.page.locator("#selection-class").focus()
    editor.press("s", "f")
    assert editor.page.locator("#selection-name").inner_text().startswith("fence ")
    tile = editor.page.locator("#style-tiles button").nth(1)
    tile.focus()
    editor.press("Enter")
    assert tile.get_attribute("aria-pressed") == "true"
    assert editor.page.evaluate("document.activeElement.ariaLabel") == "Style 1", "the focus stays"
    assert [each["edit"] for each in editor.view()["edits"]] == ["change_label", "set_style"]


def test_single_keys_can_be_turned_off(editor):
    editor.press("?")
    editor.page.locator("#single-keys").uncheck()
    editor.press("Escape", "b")
    assert editor.page.locator("#tools :checked").get_attribute("value") == "select"
    editor.press("Control+z")
    editor.page.locator("#help").click()
    editor.page.locator("#single-keys").check()
    editor.press("Escape", "b")
    assert editor.page.locator("#tools :checked").get_attribute("value") == "brush"


def test_keys_do_nothing_where_one_types(editor):
    editor.click(5, 5)
    editor.page.locator("#selection-class").focus()
    editor.press("g")
    assert editor.page.locator("#selection-name").inner_text().startswith("grass ")
    assert editor.page.locator("#tools :checked").get_attribute("value") == "select"


def test_every_control_has_a_name(editor):
    editor.click(5, 5)
    tree = editor.context.new_cdp_session(editor.page).send("Accessibility.getFullAXTree")["nodes"]
    roles = {
        "button",
        "radio",
        "checkbox",
        "slider",
        "combobox",
        "tab",
        "application",
        "spinbutton",
        "textbox",
    }
    controls = [node for node in tree if not node["ignored"] and node["role"]["value"] in roles]
    assert len(controls) > 30
    nameless = [node["role"]["value"] for node in controls if not node.get("name", {}).get("value")]
    assert nameless == []
    assert {"Undo", "Brush", "Zoom in", "Canvas"} <= {node["name"]["value"] for node in controls}


def test_every_control_that_is_seen_can_be_reached_and_shows_its_focus(editor):
    editor.click(5, 5)
    shown = editor.page.evaluate(SHOWN)
    reached = {}
    for _ in range(90):
        editor.page.keyboard.press("Tab")
        reached |= editor.page.evaluate(FOCUSED)
    assert set(shown) - set(reached) == set()
    assert [name for name, visible in reached.items() if not visible] == []


# Each stop of Tab by a name of its own: a group of radio buttons is one stop.
NAME = "each => each.type === 'radio' ? each.name : each.id || each.textContent + each.ariaLabel"
SHOWN = f"""() => [...document.querySelectorAll("{CONTROLS}")]
  .filter(each => each.checkVisibility() && !each.disabled && each.tabIndex >= 0 && each.type !== 'file')
  .map({NAME})"""
FOCUSED = f"""() => {{
  const each = document.activeElement;
  if (each === document.body) return {{}};
  const marked = each.type === 'radio' ? each.parentNode : each;
  return {{ [({NAME})(each)]: getComputedStyle(marked).outlineStyle !== 'none' }};
}}"""
