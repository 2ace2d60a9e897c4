"""A browser that uses the editor as a person does, for its tests and its pictures."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image

from synthkit.data.streets import paint

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MARGIN = 24  # CSS pixels that a fitted scene leaves of the stage
HEADERS = "{headers: {'X-Synthkit-Token': sessionStorage.getItem('synthkit-token')}}"


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """`synthkit editor` with these arguments; the address that it prints."""
    command = [sys.executable, "-m", "synthkit", "editor", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            yield re.search(r"http://\S+", line).group()
        finally:
            process.terminate()


@contextmanager
def browsing() -> Iterator:
    """Debian's chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-dev-shm-usage"]  # as root, in a container
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


def ask(address: str, method: str, path: str, body: bytes) -> None:
    """A request beside those of the page."""
    place, token = address.split("#token=")
    headers = {"X-Synthkit-Token": token, "Content-Type": "application/json"}
    urlopen(Request(place + path, body, headers, method=method)).read()


def open_scene(address: str, number: int = 0) -> None:
    """Opens one of the offered scenes, before there is a page."""
    ask(address, "POST", "api/open", json.dumps({"scene": number}).encode())


def open_street(address: str, height: int) -> None:
    """Opens a street of so many lines, twice as wide: few are soon drawn."""
    scene = paint(2, height, 2 * height)
    maps = {"label": scene.label, "instance": scene.instance.astype(np.uint16), "photo": scene.image}
    for field, pixels in maps.items():
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        ask(address, "PUT", f"api/upload/{field}", file.getvalue())
    ask(address, "POST", "api/open", b'{"uploads": true}')


class EditorPage:
    """A tab with the editor. Places are pixels of the scene."""

    def __init__(self, browser, address: str, **options):
        self.address, self.problems = address, []
        self.context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        self.page = self.tab()
        self.size = [self.view()[side] for side in ("width", "height")]

    def tab(self):
        """Another tab, which keeps what its console, its network and its errors complain of."""
        page = self.context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and self._note(message.text))
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("request", lambda request: self._note_foreign(request.url))
        page.goto(self.address)
        page.locator("#loading").wait_for(state="hidden")
        self.idle(page)
        return page

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _note_foreign(self, url: str) -> None:
        if not url.startswith((self.address.split("#")[0], "blob:")):
            self._note(f"asked for {url}")

    def idle(self, page=None) -> None:
        """Waits for the answer and its image."""
        (page or self.page).locator("#busy").wait_for(state="hidden")

    def view(self) -> dict:
        """The scene, as the server tells it."""
        return self.page.evaluate(f"async () => (await fetch('/api/scene', {HEADERS})).json()")

    def instances(self, label: int) -> list[dict]:
        """The instances of a class, the largest first."""
        found = [each for each in self.view()["instances"] if each["label"] == label]
        return sorted(found, key=lambda each: -each["pixels"])

    def maps(self) -> tuple[np.ndarray, np.ndarray]:
        """The label and the instance map (H, W)."""
        view = self.view()
        runs = np.array(view["runs"]).reshape(-1, 2)
        pixels = np.array(view["regions"])[np.repeat(runs[:, 0], runs[:, 1])]
        label, instance = pixels.T.reshape(2, view["height"], view["width"])
        return label, instance

    def client(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the fitted scene is on the page."""
        box, (width, height) = self.page.locator("#marks").bounding_box(), self.size
        scale = min((box["width"] - MARGIN) / width, (box["height"] - MARGIN) / height)
        left = box["x"] + (box["width"] - width * scale) / 2
        top = box["y"] + (box["height"] - height * scale) / 2
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.client(x, y))
        self.idle()

    def drag(self, *places: tuple[float, float]) -> None:
        """From one place over others to the last."""
        first, *others = [self.client(*place) for place in places]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()
        self.idle()

    def hold_object(self, name: str, x: float, y: float) -> None:
        """Drags an object of the library to a place, and does not let go."""
        self.page.locator("#tab-objects").click()
        tile = self.page.locator("#objects-tiles button", has_text=name)
        with self.page.expect_response(lambda response: response.url.endswith("/mask")):
            tile.hover()
            self.page.mouse.down()
        self.page.mouse.move(*self.client(x, y), steps=8)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.idle()

    def image(self) -> np.ndarray:
        """The image (H, W, 3) float, as it is downloaded."""
        return np.asarray(Image.open(io.BytesIO(self.download("image"))), float)

    def scene(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.download("scene")))

    def download(self, what: str) -> bytes:
        with self.page.expect_download() as download:
            self.page.locator(f"#download-{what}").click()
        return Path(download.value.path()).read_bytes()
