"""The leaderboard's page: what it holds without a script, and what its script does in a browser."""

import base64
import io
import shutil

import pytest
from html_page import HOSTILE, Page
from made_results import METHODS, made_result, write_run, write_runs
from PIL import Image

from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.leaderboard_page import write
from synthkit.benchmark.submission import find


def made(folder, runs) -> Page:
    with Leaderboard(folder / "board.sqlite", create=True) as board:
        board.submit(find(list(runs)))
        return Page(write(board, board.rows(), folder / "page.html"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return made(folder, write_runs(folder / "runs"))


def test_it_shows_means_seeds_oracle_hashes_and_papers(page):
    result = made_result()
    for words in (
        *METHODS,
        *("mIoU", "IoU road", "0.617", "4 min 10 s", "1.4 GB", "street_1", "SPADE, seed 0"),
        *(result.protocol_sha256, result.data_sha256, result.judge_sha256, result.weights_sha256),
        *("torch 2.13.0", "Published, not comparable", "verified: false", "Wang et al., CVPR 2018", "0.6389"),
    ):
        assert words in page.text, words
    assert page.text.count("real images") >= 2 * 2  # below both tables, and beside the single classes
    assert page.text.count("\u00b1") > 2 * 4 * 4


def test_pictures_are_inside(page):
    pictures = [attributes["src"] for attributes in page.all("img") if "src" in attributes]
    assert len(pictures) == 2 * 2 * (4 + 2)
    for source in pictures:
        kind, data = source.removeprefix("data:image/").split(";base64,")
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert (image.format.lower(), image.size) == (kind, (128, 64))


def test_it_asks_nobody_else(page):
    for _, attributes in page.elements:
        for key in ("src", "href", "srcset", "action"):
            assert attributes.get(key, "#").startswith(("#", "data:")), attributes
    assert "url(" not in page.path.read_text() and "@import" not in page.path.read_text()


def test_text_of_results_is_only_text(tmp_path):
    name = HOSTILE.replace("/", "")
    changed = {"method": HOSTILE, "judge": HOSTILE, "device": HOSTILE, "config": HOSTILE, "created": HOSTILE}
    scores = {"miou": 0.5, HOSTILE: 1.0, f"iou/{HOSTILE}": 0.5}
    odd = made_result(**changed, scores=scores, oracle=scores, versions={HOSTILE: HOSTILE}, samples=(name,))
    page = made(tmp_path, [write_run(tmp_path / "run", odd), write_run(tmp_path / "other", made_result())])
    assert len(page.all("script")) == 1
    assert page.text.count("<script>alert('x')") > 8
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]


def test_large_pictures_are_made_smaller(tmp_path):
    page = made(tmp_path, [write_run(tmp_path / "run", made_result(), size=(384, 768))])
    sources = [attributes["src"] for attributes in page.all("img") if "src" in attributes]
    sizes = {Image.open(io.BytesIO(base64.b64decode(each.split(",")[1]))).size for each in sources}
    assert sizes == {(512, 256)}


def test_protocols_of_one_name_are_told_apart(tmp_path):
    results = [made_result(), made_result(protocol_sha256="f" * 64)]
    page = made(tmp_path, [write_run(tmp_path / f"run{n}", each) for n, each in enumerate(results)])
    for each in results:
        assert f"protocol {each.protocol_sha256[:8]}, data {each.data_sha256[:8]}" in page.text


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not (chromium := shutil.which("chromium")):
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_many_methods_and_scores_are_wide_and_scroll_in_their_box(tmp_path, browser):
    scores = {f"a score of some length {number}": 0.5 for number in range(12)}
    results = [
        made_result(method=f"spade/camvid_192, {number}", scores=scores | {"miou": 0.5})
        for number in range(12)
    ]
    made(tmp_path, [write_run(tmp_path / f"run{n}", each) for n, each in enumerate(results)])
    shown = browser.new_page(viewport={"width": 1000, "height": 800})
    shown.goto((tmp_path / "page.html").as_uri())
    assert shown.locator("tbody th").first.bounding_box()["width"] >= 176
    assert shown.locator(".scenes img").first.bounding_box()["width"] >= 100
    assert shown.evaluate("document.documentElement.scrollWidth") <= 1000


def test_it_sorts_and_filters(page, browser):
    shown, asked, faults = browser.new_page(), [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda fault: faults.append(fault))
    shown.goto(page.path.as_uri())
    table = shown.locator("section[data-protocol=streets_smoke] table.sortable").first

    def methods():
        return [text.split("\n")[0] for text in table.locator("tbody th").all_inner_texts()]

    assert methods() == ["SPADE", "pix2pixHD", "CRN", "pix2pix"]
    head = table.locator("th", has_text="mIoU")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending" and methods()[0] == "SPADE"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending" and methods()[0] == "pix2pix"
    table.locator("th", has_text="method").locator("button").click()
    assert methods() == ["CRN", "pix2pix", "pix2pixHD", "SPADE"]
    assert table.locator("[aria-sort]").count() == 1
    assert "real images" in table.locator("tr").last.inner_text()
    shown.get_by_role("button", name="camvid_192").click()
    assert not table.is_visible()
    assert shown.locator("section[data-protocol=camvid_192]").is_visible()
    assert shown.get_by_text("Published, not comparable").is_visible()
    assert not faults and {url.split(":")[0] for url in asked} <= {"file", "data"}
