"""The page around the scene: sizes, colours, zoom, views, other scenes, and what goes wrong."""

import io

import numpy as np
import pytest
from PIL import Image

from editor_page import EditorPage


def background(page) -> int:
    red = page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0]
    return int(red)


@pytest.mark.parametrize(("scheme", "low", "high"), [("light", 230, 255), ("dark", 0, 40)])
def test_colours_follow_the_system(make_page, scheme, low, high):
    page = make_page(color_scheme=scheme).page
    assert low <= background(page) <= high


def test_it_fits_screens_of_any_width(editor):
    for width in (400, 900, 2560):
        editor.page.set_viewport_size({"width": width, "height": 800})
        assert editor.page.evaluate("document.documentElement.scrollWidth") <= width
        box = editor.page.locator("#stage").bounding_box()
        assert box["width"] >= 0.5 * width and box["height"] >= 200
        assert editor.page.locator("#download-scene").is_visible()


def shown(editor) -> np.ndarray:
    """The stage as it is seen."""
    return np.asarray(Image.open(io.BytesIO(editor.page.locator("#stage").screenshot())).convert("RGB"), int)


def test_the_views_show_labels_and_image(editor):
    seen = {}
    for key, view in zip("1234", ("labels", "image", "overlay", "split"), strict=True):
        editor.press(key)
        seen[view] = shown(editor)
    half = seen["split"].shape[1] // 2
    assert np.array_equal(seen["split"][:, : half - 10], seen["labels"][:, : half - 10])
    assert np.array_equal(seen["split"][:, half + 10 :], seen["image"][:, half + 10 :])
    between = (seen["labels"] + seen["image"]) / 2
    assert np.abs(seen["overlay"] - between).mean() < 2
    editor.page.locator("#divider").focus()
    editor.press(*["ArrowRight"] * 5)
    moved = half + int(0.1 * 2 * half)
    assert np.array_equal(shown(editor)[:, : moved - 10], seen["labels"][:, : moved - 10])


def test_zoom_and_pan(editor):
    fitted = editor.page.locator("#zoom").inner_text()
    whole = shown(editor)
    x, y = editor.client(100, 100)
    editor.page.mouse.move(x, y)
    before = editor.page.locator("#hover").inner_text()
    editor.page.mouse.wheel(0, -200)
    assert int(editor.page.locator("#zoom").inner_text()[:-1]) > int(fitted[:-1])
    editor.page.mouse.move(x + 0.1, y)
    assert editor.page.locator("#hover").inner_text() == before, "what is under the pointer stays there"
    editor.page.keyboard.down("Space")
    editor.page.mouse.down()
    editor.page.mouse.move(x + 50, y)
    editor.page.mouse.up()
    editor.page.keyboard.up("Space")
    assert editor.page.locator("#hover").inner_text() == before, "and goes with it"
    assert editor.view()["edits"] == []
    editor.press("0")
    editor.page.mouse.move(0, 0)
    assert np.array_equal(shown(editor), whole)


def test_another_tab_has_edited(editor):
    other = editor.tab()
    editor.press("g")
    editor.click(5, 5)
    other.locator("#tools input[value=fill]").check()
    other.mouse.click(*editor.client(200, 250))
    other.locator("[role=alert]", has_text="changed elsewhere").wait_for()
    editor.idle(other)
    assert other.locator("#edits li").count() == 2
    other.mouse.click(*editor.client(200, 250))
    editor.idle(other)
    assert other.locator("#edits li").count() == 3
    conflicts = [each for each in editor.problems if "409" in each]
    assert len(conflicts) == 1
    editor.problems.remove(conflicts[0])


def give(editor, tmp_path, field: str, ids: np.ndarray) -> None:
    Image.fromarray(ids).save(tmp_path / "ids.png")
    editor.page.locator(f"#uploads input[name={field}]").set_input_files(tmp_path / "ids.png")


def test_own_files_are_opened(editor, tmp_path):
    ids = np.repeat(np.uint8([[0], [2]]), 32, 0).repeat(128, 1)
    editor.page.locator("#open").click()
    give(editor, tmp_path, "instance", ids)
    give(editor, tmp_path, "label", np.full_like(ids, 77))
    editor.page.locator("#uploads .main").click()
    error = editor.page.locator("#open-error:not(:empty)")
    error.wait_for()
    assert "77" in error.inner_text()
    assert editor.view()["width"] == editor.size[0], "the scene is still the one that was open"
    give(editor, tmp_path, "label", ids)
    editor.page.locator("#uploads .main").click()
    editor.page.locator("#open-dialog").wait_for(state="hidden")
    editor.idle()
    assert (editor.view()["width"], editor.view()["height"]) == (128, 64)
    assert set(editor.maps()[0].ravel()) == {0, 2}
    editor.problems[:] = [each for each in editor.problems if "400" not in each]


def test_offered_scenes_and_a_blank_one(editor):
    before = editor.maps()[0]
    editor.page.locator("#open").click()
    editor.page.wait_for_function(
        "() => [...document.querySelectorAll('#scenes img')].every(each => each.naturalWidth)"
    )
    editor.page.locator("#scenes button").nth(1).click()
    editor.page.locator("#open-dialog").wait_for(state="hidden")
    editor.idle()
    assert not np.array_equal(editor.maps()[0], before)
    editor.page.locator("#open").click()
    editor.page.locator("#scenes button", has_text="blank").click()
    editor.page.locator("#open-dialog").wait_for(state="hidden")
    editor.idle()
    assert len(editor.view()["instances"]) == 1


def test_the_token_leaves_the_address_and_is_needed(editor, browser):
    assert "token" not in editor.page.url
    page = browser.new_page()
    page.goto(editor.address.split("#")[0])
    page.locator("#loading.error", has_text="address").wait_for()
    page.close()


def test_requests_and_errors_are_watched(editor, address):
    watched = EditorPage(editor.context.browser, address)
    watched.page.evaluate("console.error('a problem')")
    watched.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    assert "a problem" in watched.problems
    assert any("http://127.0.0.1:9/" in each for each in watched.problems)
    watched.context.close()
