"""What a user takes home."""

import io
import threading
import zipfile

import numpy as np
from PIL import Image

from synthkit.editing import Scene


def stroke(running):
    edit = {"edit": "stroke", "points": [[10, 10], [20, 12]], "width": 5, "label": "car"}
    body = {"revision": running.session.revision, "edit": edit}
    return running.client.post("/api/edit", json=body, timeout=5)


def test_what_is_downloaded_is_the_image_and_the_scene(running, tmp_path, workspace):
    stroke(running)
    whole = running.client.get("/api/download/image")
    assert "attachment" in whole.headers["content-disposition"]
    drawn = running.client.get("/api/image", params={"revision": running.session.revision})
    assert whole.content == drawn.content
    packed = running.client.get("/api/download/scene")
    assert packed.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(packed.content)).extractall(tmp_path)
    scene = Scene.load(tmp_path / "scene", workspace.model)
    assert np.array_equal(np.asarray(scene.render()), np.asarray(Image.open(io.BytesIO(drawn.content))))
    assert scene.edits == running.session.scene.edits


def test_edits_do_not_wait_for_an_image_that_is_downloaded(running):
    began, end, real = threading.Event(), threading.Event(), running.session.scene.renderer.render

    def slow(*arguments, **options):
        began.set()
        assert end.wait(20)
        return real(*arguments, **options)

    running.session.scene.renderer.render = slow
    asking = threading.Thread(target=running.client.get, args=("/api/download/image",))
    asking.start()
    try:
        assert began.wait(10)
        assert stroke(running).status_code == 200
    finally:
        end.set()
        asking.join()
