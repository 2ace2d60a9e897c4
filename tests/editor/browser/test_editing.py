"""Editing by mouse: the picture changes where it should, and nowhere else."""

import json

import numpy as np
from PIL import Image
from scipy import ndimage

SKY, TREE, CAR = 0, 6, 7
MARGIN = 40  # pixels around an edit that convolutions reach, in a scene of 128 lines


def changes(before: np.ndarray, after: np.ndarray, edited: np.ndarray) -> tuple[float, float]:
    """The mean absolute change of the pixels edited, and of those further than MARGIN from them."""
    change = np.abs(after - before).mean(-1)
    near = ndimage.distance_transform_edt(~edited) <= MARGIN
    return change[edited].mean(), change[~near].mean()


def edited(before: np.ndarray, editor) -> np.ndarray:
    return (before != np.stack(editor.maps())).any(0)


def assert_local(inside: float, outside: float) -> None:
    assert inside > 8, "a change can be seen"
    assert outside < 0.5, "and is nowhere else"


def test_a_stroke_is_painted_and_undone(editor):
    maps, image = np.stack(editor.maps()), editor.image()
    editor.press("b")
    editor.page.locator("#classes label", has_text="tree").click()
    editor.page.locator("#size").fill("10")
    editor.drag((50, 8), (65, 12), (80, 8))
    mask = edited(maps, editor)
    assert set(editor.maps()[0][mask]) == {TREE}
    assert mask[8, 50] and mask[12, 65] and mask[8, 80] and not mask[40, 65]
    assert_local(*changes(image, editor.image(), mask))
    assert "Tree" in editor.page.locator("#edits [aria-current]").inner_text()
    editor.page.locator("#undo").click()
    editor.idle()
    assert np.array_equal(np.stack(editor.maps()), maps)
    assert np.array_equal(editor.image(), image)


def test_the_label_of_an_instance_is_changed(editor):
    maps, image, tree = np.stack(editor.maps()), editor.image(), editor.instances(TREE)[0]
    mask = maps[1] == tree["id"]
    y, x = np.argwhere(ndimage.binary_erosion(mask, iterations=8))[0]
    editor.click(x, y)
    editor.page.locator("#selection-class").select_option("sky")
    editor.idle()
    assert np.array_equal(edited(maps, editor), mask)
    assert set(editor.maps()[0][mask]) == {SKY}
    assert_local(*changes(image, editor.image(), mask))


def test_an_object_is_dropped_moved_scaled_and_deleted(editor):
    maps, image = np.stack(editor.maps()), editor.image()
    editor.hold_object("car 01", 110, 100)
    editor.page.mouse.up()
    editor.idle()
    mask = edited(maps, editor)
    new = max(set(editor.maps()[1].ravel()) - set(maps[1].ravel()))
    assert set(editor.maps()[0][mask]) == {CAR}
    centre = [np.mean([places.min(), places.max()]) for places in np.nonzero(editor.maps()[1] == new)]
    assert np.allclose(centre, [100, 110], atol=2)
    assert_local(*changes(image, editor.image(), mask))

    editor.drag((110, 100), (80, 95))
    assert (np.nonzero(editor.maps()[1] == new)[1].mean()) < 95
    size = (editor.maps()[1] == new).sum()
    editor.press("]")
    assert 1.1 < (editor.maps()[1] == new).sum() / size < 1.35
    mirrored = editor.maps()[1] == new
    editor.press("f")
    assert not np.array_equal(editor.maps()[1] == new, mirrored)
    assert [each["edit"] for each in editor.view()["edits"]] == ["add_object"], "one edit all in all"
    editor.press("Delete")
    assert new not in editor.maps()[1]


def test_a_handle_scales(editor):
    car = editor.instances(CAR)[0]
    left, top, width, height = car["box"]
    mask = editor.maps()[1] == car["id"]
    y, x = np.argwhere(ndimage.binary_erosion(mask, iterations=4))[0]
    editor.press("m")
    editor.click(x, y)
    editor.drag((left + width - 0.5, top + height - 0.5), (left + 1.25 * width, top + 1.25 * height))
    assert 1.8 < (editor.maps()[1] == car["id"]).sum() / mask.sum() < 2.7


def test_a_style_is_chosen(editor):
    maps, image, tree = np.stack(editor.maps()), editor.image(), editor.instances(TREE)[0]
    mask = maps[1] == tree["id"]
    y, x = np.argwhere(ndimage.binary_erosion(mask, iterations=8))[0]
    editor.click(x, y)
    tiles = editor.page.locator("#style-tiles img")
    tiles.last.wait_for()
    editor.page.wait_for_function(
        "() => [...document.querySelectorAll('#style-tiles img')].every(each => each.naturalWidth)"
    )
    colours = [np.asarray(editor.page.evaluate(MEAN_COLOUR, number)) for number in range(tiles.count())]
    now = image[mask].mean(0)
    other = int(np.argmax([np.abs(colour - now).sum() for colour in colours]))
    tiles.nth(other).click()
    editor.idle()
    assert editor.page.locator("#style-tiles [aria-pressed=true]").inner_text() == str(other)
    assert not edited(maps, editor).any()
    assert_local(*changes(image, editor.image(), mask))

    editor.page.locator("#scope label", has_text="Every tree").click()
    editor.page.locator("#style-random").click()
    editor.idle()
    assert editor.view()["class_looks"][str(TREE)].keys() == {"seed"}


def test_selecting_nothing_ends_the_drawing_of_styles(small):
    slow = {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1}
    small.context.new_cdp_session(small.page).send("Network.emulateNetworkConditions", slow)
    with small.page.expect_request("**/api/thumbnail*"):
        small.click(30, 60)
    small.page.keyboard.press("Escape")
    small.page.wait_for_timeout(700)
    assert small.page.locator("#toasts").inner_text() == ""


MEAN_COLOUR = """number => {
  const image = document.querySelectorAll('#style-tiles img')[number];
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  context.drawImage(image, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


def test_a_photo_gives_its_style(editor, tmp_path):
    tree = editor.instances(TREE)[0]
    Image.new("RGB", (60, 60), (220, 120, 30)).save(tmp_path / "photo.png")
    y, x = np.argwhere(ndimage.binary_erosion(editor.maps()[1] == tree["id"], iterations=8))[0]
    editor.click(x, y)
    editor.page.locator("#style-file").set_input_files(tmp_path / "photo.png")
    editor.page.locator("#edits [aria-current] small", has_text="1").wait_for()
    editor.idle()
    look = next(each["look"] for each in editor.view()["instances"] if each["id"] == tree["id"])
    assert look.keys() == {"code"} and look != tree["look"]


def test_fill_erase_pick_and_the_list_of_edits(editor):
    maps = np.stack(editor.maps())
    car = editor.instances(CAR)[0]
    y, x = np.argwhere(ndimage.binary_erosion(maps[1] == car["id"], iterations=4))[0]
    tree = np.argwhere(maps[0] == TREE)[0]
    editor.press("i")
    editor.click(tree[1], tree[0])
    assert editor.page.locator("#classes :checked").get_attribute("value") == str(TREE)
    editor.press("g")
    editor.click(x, y)
    filled = edited(maps, editor)
    assert np.array_equal(filled, maps[1] == car["id"])
    editor.press("e")
    editor.click(x, y)
    assert 0 < edited(maps, editor).sum() < filled.sum()
    editor.page.locator("#edits button").first.click()
    editor.idle()
    assert not edited(maps, editor).any()
    editor.page.locator("#replay").click()
    editor.page.locator("#edits [aria-current] small", has_text="2").wait_for()
    editor.page.locator("#replay", has_text="Replay").wait_for()
    assert 0 < edited(maps, editor).sum() < filled.sum()


def test_an_edit_during_a_replay_comes_behind_all_others(small):
    small.press("b")
    for x in (20, 40, 60):
        small.click(x, 10)
    small.page.locator("#replay").click()
    small.page.locator("#edits [aria-current] small", has_text="1").wait_for()
    small.click(80, 10)
    small.page.locator("#replay", has_text="Replay").wait_for()
    view = small.view()
    assert [each["points"][0][0] for each in view["edits"]] == [20, 40, 60, 80] and view["position"] == 4


def test_the_image_is_drawn_anew(small):
    button = small.page.get_by_role("button", name="Draw anew")
    assert button.is_disabled()
    small.press("b")
    small.click(20, 10)
    before = small.image()
    button.click()
    small.page.locator("#edits [aria-current] small", has_text="2").wait_for()
    assert small.view()["edits"][-1]["edit"] == "settle"
    assert (small.image() != before).any()


def test_the_scene_is_downloaded(editor):
    editor.press("Control+z")  # nothing to undo, and no harm
    editor.press("g")
    editor.click(5, 5)
    folder = editor.scene()
    names = {name.rsplit("/", 1)[-1]: name for name in folder.namelist()}
    assert {"scene.json", "label.png", "instance.png", "image.png"} <= names.keys()
    saved = json.loads(folder.read(names["scene.json"]))
    assert [each["edit"] for each in saved["edits"]] == ["fill"]
    assert np.array_equal(np.asarray(Image.open(folder.open(names["edited_label.png"]))), editor.maps()[0])
    assert np.array_equal(np.asarray(Image.open(folder.open(names["image.png"])), float), editor.image())
