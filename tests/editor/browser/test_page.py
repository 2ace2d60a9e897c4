"""The page around the scene: sizes, colours, zoom, views, other scenes, and what goes wrong."""

import io
import json

import numpy as np
import pytest
from editor_page import EditorPage, open_street
from PIL import Image


def background(page) -> int:
    red = page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0]
    return int(red)


@pytest.mark.parametrize(("scheme", "low", "high"), [("light", 230, 255), ("dark", 0, 40)])
def test_colours_follow_the_system(make_page, scheme, low, high):
    page = make_page(color_scheme=scheme).page
    assert low <= background(page) <= high


def test_it_fits_screens_of_any_width(small):
    for width in (400, 900, 2560):
        small.page.set_viewport_size({"width": width, "height": 800})
        assert small.page.evaluate("document.documentElement.scrollWidth") <= width
        box = small.page.locator("#stage").bounding_box()
        assert box["width"] >= 0.5 * width and box["height"] >= 200
        assert small.page.locator("#download-scene").is_visible()


def shown(small) -> np.ndarray:
    """The stage as it is seen."""
    return np.asarray(Image.open(io.BytesIO(small.page.locator("#stage").screenshot())).convert("RGB"), int)


def test_the_views_show_labels_and_image(small):
    seen = {}
    for key, view in zip("1234", ("labels", "image", "overlay", "split"), strict=True):
        small.press(key)
        seen[view] = shown(small)
    half = seen["split"].shape[1] // 2
    assert np.array_equal(seen["split"][:, : half - 10], seen["labels"][:, : half - 10])
    assert np.array_equal(seen["split"][:, half + 10 :], seen["image"][:, half + 10 :])
    between = (seen["labels"] + seen["image"]) / 2
    assert np.abs(seen["overlay"] - between).mean() < 2
    small.page.locator("#divider").focus()
    small.press(*["ArrowRight"] * 5)
    moved = half + int(0.1 * 2 * half)
    assert np.array_equal(shown(small)[:, : moved - 10], seen["labels"][:, : moved - 10])


def test_zoom_and_pan(small):
    fitted = small.page.locator("#zoom").inner_text()
    whole = shown(small)
    x, y = small.client(50, 30)
    small.page.mouse.move(x, y)
    before = small.page.locator("#hover").inner_text()
    small.page.mouse.wheel(0, -200)
    assert int(small.page.locator("#zoom").inner_text()[:-1]) > int(fitted[:-1])
    small.page.mouse.move(x + 0.1, y)
    assert small.page.locator("#hover").inner_text() == before, "what is under the pointer stays there"
    small.page.keyboard.down("Space")
    small.page.mouse.down()
    small.page.mouse.move(x + 50, y)
    small.page.mouse.up()
    small.page.keyboard.up("Space")
    assert small.page.locator("#hover").inner_text() == before, "and goes with it"
    assert small.view()["edits"] == []
    small.press("0")
    small.page.mouse.move(0, 0)
    assert np.array_equal(shown(small)[5:-5, 5:-5], whole[5:-5, 5:-5])


def test_two_fingers_zoom_and_do_not_paint(make_page, address):
    open_street(address, 64)
    tab = make_page(has_touch=True)
    tab.press("b")
    before = int(tab.page.locator("#zoom").inner_text()[:-1])
    x, y = tab.client(64, 32)
    touch = tab.context.new_cdp_session(tab.page)
    for kind, spread in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", None)):
        places = [] if spread is None else [{"x": x - spread, "y": y}, {"x": x + spread, "y": y}]
        fingers = [{**place, "id": number} for number, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    assert 2.5 < int(tab.page.locator("#zoom").inner_text()[:-1]) / before < 3.5
    assert tab.view()["edits"] == []


def test_a_slow_image_has_a_preview_first(make_page, address):
    open_street(address, 64)
    tab, asked = make_page(), []

    def slow(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "slow": True})

    def half(route):
        asked.append(route.request.url.split("preview=")[1])
        headers = {"X-Synthkit-Preview": "1"} if asked[-1] == "1" else {}
        answer = route.fetch()
        route.fulfill(response=answer, headers=answer.headers | headers)

    tab.page.route("**/api/scene", slow)
    tab.page.route("**/api/image?*", half)
    tab.page.reload()
    tab.page.locator("#loading").wait_for(state="hidden")
    tab.idle()
    assert asked == ["1", "0"]


def test_another_tab_has_edited(small):
    other = small.tab()
    small.press("g")
    small.click(5, 5)
    other.locator("#tools input[value=fill]").check()
    other.mouse.click(*small.client(60, 60))
    other.locator("[role=alert]", has_text="changed elsewhere").wait_for()
    small.idle(other)
    assert other.locator("#edits li").count() == 2
    other.mouse.click(*small.client(60, 60))
    small.idle(other)
    assert other.locator("#edits li").count() == 3
    conflicts = [each for each in small.problems if "409" in each]
    assert len(conflicts) == 1
    small.problems.remove(conflicts[0])


def give(small, tmp_path, field: str, ids: np.ndarray) -> None:
    Image.fromarray(ids).save(tmp_path / f"{field}.png")
    small.page.locator(f"#uploads input[name={field}]").set_input_files(tmp_path / f"{field}.png")


def test_own_files_are_opened(small, tmp_path):
    ids = np.repeat(np.uint8([[0], [2]]), 24, 0).repeat(96, 1)
    small.page.locator("#open").click()
    give(small, tmp_path, "instance", ids)
    give(small, tmp_path, "label", np.full_like(ids, 77))
    small.page.locator("#uploads .main").click()
    error = small.page.locator("#open-error:not(:empty)")
    error.wait_for()
    assert "77" in error.inner_text()
    assert small.view()["width"] == small.size[0], "the scene is still the one that was open"
    give(small, tmp_path, "label", ids)
    small.page.locator("#uploads .main").click()
    small.page.locator("#open-dialog").wait_for(state="hidden")
    small.idle()
    assert (small.view()["width"], small.view()["height"]) == (96, 48)
    assert set(small.maps()[0].ravel()) == {0, 2}
    small.problems[:] = [each for each in small.problems if "400" not in each]


def test_offered_scenes_and_a_blank_one(small):
    before = small.maps()[0]
    small.page.locator("#open").click()
    small.page.wait_for_function(
        "() => [...document.querySelectorAll('#scenes img')].every(each => each.naturalWidth)"
    )
    small.page.locator("#scenes button").nth(1).click()
    small.page.locator("#open-dialog").wait_for(state="hidden")
    small.idle()
    assert not np.array_equal(small.maps()[0], before)
    small.page.locator("#open").click()
    small.page.locator("#scenes button", has_text="blank").click()
    small.page.locator("#open-dialog").wait_for(state="hidden")
    small.idle()
    assert len(small.view()["instances"]) == 1


def test_the_token_leaves_the_address_and_is_needed(small, browser):
    assert "token" not in small.page.url
    page = browser.new_page()
    page.goto(small.address.split("#")[0])
    page.locator("#loading.error", has_text="address").wait_for()
    page.close()


def test_requests_and_errors_are_watched(small, address):
    watched = EditorPage(small.context.browser, address)
    watched.page.evaluate("console.error('a problem')")
    watched.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    assert "a problem" in watched.problems
    assert any("http://127.0.0.1:9/" in each for each in watched.problems)
    watched.context.close()


def test_a_download_waits_for_the_edits_before_it(small):
    small.page.route("**/api/edit", lambda route: (small.page.wait_for_timeout(500), route.continue_()))
    small.press("b")
    small.page.mouse.click(*small.client(20, 10))
    saved = json.loads(small.scene().read("scene/scene.json"))
    assert [each["edit"] for each in saved["edits"]] == ["stroke"]


def test_a_model_without_styles_asks_for_no_photo(small):
    def without_styles(route):
        route.fulfill(json={**route.fetch().json(), "styles": "none"})

    small.page.route("**/api/model", without_styles)
    small.page.reload()
    small.page.locator("#open").click()
    assert small.page.locator("#uploads [name=label]").is_visible()
    assert small.page.locator("#uploads [name=photo]").is_hidden()
