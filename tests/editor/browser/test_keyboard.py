"""Editing without a mouse, and names for those who do not see the page."""

import numpy as np
import pytest

ROAD, TREE = 2, 6
CONTROLS = "button, input, select, canvas[tabindex], [role=slider], [role=tab], a[href]"


def focus_canvas(small) -> None:
    """Tabs on to the canvas, as the radio buttons before it are one stop each."""
    for _ in range(20):
        small.page.keyboard.press("Tab")
        if small.page.evaluate("document.activeElement.id") == "marks":
            return
    pytest.fail("Tab does not lead to the canvas")


def said(small) -> str:
    small.page.wait_for_timeout(200)  # until words have settled
    return small.page.locator("#live").inner_text()


def test_a_stroke_by_keyboard(small):
    before = small.maps()[0]
    small.press("b")
    focus_canvas(small)
    small.press("ArrowUp", "ArrowUp")
    assert " · " in said(small), "the class under the cursor and its place are told"
    small.press("Space", *["Shift+ArrowRight"] * 3, "Space")
    painted = np.argwhere(before != small.maps()[0])
    assert np.ptp(painted[:, 1]) >= 20
    rows = painted[:, 0]
    assert rows.min() <= small.size[1] // 2 - 2 <= rows.max() <= small.size[1] // 2 - 2 + 4
    small.press("Control+z")
    assert said(small).startswith("undone: ")
    assert np.array_equal(small.maps()[0], before)
    small.press("Control+y")
    assert (before != small.maps()[0]).any()


def test_escape_cancels_a_stroke(small):
    small.press("b")
    focus_canvas(small)
    small.press("Space", "ArrowRight", "Escape")
    assert said(small) == "cancelled"
    assert small.view()["edits"] == []


def test_escape_cancels_a_stroke_of_the_mouse(small):
    small.press("b")
    small.page.mouse.move(*small.client(20, 10))
    small.page.mouse.down()
    small.page.mouse.move(*small.client(30, 10))
    small.page.keyboard.press("Escape")
    small.page.mouse.move(*small.client(40, 10))
    small.page.mouse.up()
    small.click(60, 10)
    assert [each["points"] for each in small.view()["edits"]] == [[[60, 10]]]


def test_an_object_by_keyboard(small):
    before = small.maps()[1]
    small.page.locator("#tab-selection").focus()
    small.press("ArrowRight")
    assert small.page.locator("#objects").is_visible()
    tile = small.page.locator("#objects-tiles button").first
    tile.focus()
    small.press("Enter")
    new = max(set(small.maps()[1].ravel()) - set(before.ravel()))
    centre = np.argwhere(small.maps()[1] == new).mean(0)
    assert np.abs(centre - np.array(small.size[::-1]) / 2).max() < 5
    focus_canvas_after_panels(small)
    small.press("Space", *["Shift+ArrowLeft"] * 2, "Space")
    assert centre[1] - np.argwhere(small.maps()[1] == new).mean(0)[1] == pytest.approx(20, abs=1)
    small.press("Delete")
    assert np.array_equal(small.maps()[1] == new, np.zeros_like(before, bool))


def focus_canvas_after_panels(small) -> None:
    for _ in range(30):
        small.page.keyboard.press("Shift+Tab")
        if small.page.evaluate("document.activeElement.id") == "marks":
            return
    pytest.fail("Shift+Tab does not lead to the canvas")


def test_a_style_and_a_label_by_keyboard(small):
    focus_canvas(small)
    small.press("Enter")
    small.page.locator("#selection-class").focus()
    small.press("f", "ArrowUp")
    assert small.page.locator("#selection-name").inner_text().startswith("sign ")
    tile = small.page.locator("#style-tiles button").nth(1)
    tile.focus()
    small.press("Enter")
    assert tile.get_attribute("aria-pressed") == "true"
    assert small.page.evaluate("document.activeElement.ariaLabel") == "Style 1", "the focus stays"
    assert [each["edit"] for each in small.view()["edits"]] == ["change_label", "set_style"]


def test_single_keys_can_be_turned_off(small):
    small.press("?")
    small.page.locator("#single-keys").uncheck()
    small.press("Escape", "b")
    assert small.page.locator("#tools :checked").get_attribute("value") == "select"
    small.press("Control+z")
    small.page.locator("#help").click()
    small.page.locator("#single-keys").check()
    small.press("Escape", "b")
    assert small.page.locator("#tools :checked").get_attribute("value") == "brush"


def test_keys_do_nothing_where_one_types(small):
    small.click(5, 5)
    small.page.locator("#selection-class").focus()
    small.press("g")
    assert small.page.locator("#selection-name").inner_text().startswith("grass ")
    assert small.page.locator("#tools :checked").get_attribute("value") == "select"


def test_every_control_has_a_name(small):
    small.click(5, 5)
    tree = small.context.new_cdp_session(small.page).send("Accessibility.getFullAXTree")["nodes"]
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


def test_every_control_that_is_seen_can_be_reached_and_shows_its_focus(small):
    small.click(5, 5)
    shown = small.page.evaluate(SHOWN)
    reached = {}
    for _ in range(90):
        small.page.keyboard.press("Tab")
        reached |= small.page.evaluate(FOCUSED)
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
