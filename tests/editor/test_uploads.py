"""Files and bodies that a browser sends: what is taken, and what is refused before it costs anything."""

import io
import json
import socket
import struct
import time
import zlib

import numpy as np
import pytest
from editor_server import MOST_PIXELS, TOKEN
from PIL import Image

from synthkit.data.streets import paint
from synthkit.editor import uploads

PHOTO = np.random.default_rng(0).integers(256, size=(32, 64, 3), dtype=np.uint8)


def packed(array, kind="PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def bomb(width, height) -> bytes:
    """A PNG of few bytes whose header tells of many pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def put(running, field, content):
    return running.client.put(f"/api/upload/{field}", content=content)


def open_uploads(running):
    return running.client.post("/api/open", json={"uploads": True})


def test_uploads_become_the_scene(running):
    scene = paint(8, 48, 80)
    deep = np.uint16(scene.instance)
    for field, content in (
        ("label", packed(scene.label)),
        ("instance", packed(deep)),
        ("photo", packed(scene.image, "JPEG")),
    ):
        assert put(running, field, content).json() == {"width": 80, "height": 48}
    view = open_uploads(running).json()
    assert (view["width"], view["height"], view["revision"]) == (80, 48, 1)
    state = running.session.scene.state
    assert np.array_equal(state.label, scene.label) and np.array_equal(state.instance, deep)
    assert set(state.looks) == set(np.unique(deep).tolist())  # those of the photo
    assert open_uploads(running).json()["detail"] == "a label map is needed, and there is nothing"


def test_uploads_are_cleared(running):
    put(running, "photo", packed(PHOTO))
    assert "there is photo" in open_uploads(running).json()["detail"]
    running.client.delete("/api/upload")
    assert "there is nothing" in open_uploads(running).json()["detail"]


BAD = {
    "no image": ("label", b"hello", "label: cannot be read as an image: it is none of PNG"),
    "empty": ("photo", b"", "photo: cannot be read as an image: it is empty"),
    "a page": ("photo", b"<svg onload=alert(1)>", "photo: cannot be read as an image"),
    "cut off": ("photo", packed(PHOTO)[:200], "photo: cannot be read as an image"),
    "in colour": ("label", packed(PHOTO), "label: an id map holds one id per pixel"),
    "a JPEG": ("instance", packed(PHOTO[..., 0], "JPEG"), "instance: JPEG changes pixel values"),
    "out of range": ("label", packed(np.full((8, 8), 12, np.uint8)), "label 12 at x=0, y=0 is outside 0..11"),
    "a bomb": ("label", bomb(50_000, 50_000), "label"),
    "too many pixels": ("photo", bomb(200, 100), f"200 x 100 pixels are over the limit of {MOST_PIXELS}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bad_file_is_refused_by_name(shared, kind):
    field, content, words = BAD[kind]
    began = time.perf_counter()
    response = put(shared, field, content)
    assert response.status_code == 400 and words in response.json()["detail"]
    assert "/tmp" not in response.text and time.perf_counter() - began < 2
    assert shared.session.uploads == {}


def test_a_field_that_there_is_not(shared):
    response = put(shared, "weights", b"")
    assert response.status_code == 400
    assert "field is 'weights'" in response.json()["detail"] and "'label'" in response.json()["detail"]


def test_maps_of_other_sizes_stay_where_they_are_and_the_scene_too(running):
    put(running, "label", packed(np.zeros((32, 64), np.uint8)))
    put(running, "instance", packed(np.zeros((32, 60), np.uint8)))
    response = open_uploads(running)
    assert response.status_code == 400
    assert "label 64x32" in response.json()["detail"] and "instance 60x32" in response.json()["detail"]
    assert running.session.revision == 0 and set(running.session.uploads) == {"label", "instance"}
    put(running, "instance", packed(np.zeros((32, 64), np.uint8)))
    put(running, "photo", packed(np.zeros((30, 64, 3), np.uint8)))
    assert "instance 64x32; photo 64x30" in open_uploads(running).json()["detail"]


def connect(running, *headers):
    """A connection on which a PUT of a photo has begun."""
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=10)
    lines = [
        "PUT /api/upload/photo HTTP/1.1",
        f"Host: 127.0.0.1:{running.port}",
        f"X-Synthkit-Token: {TOKEN}",
    ]
    connection.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
    return connection


def status_of(connection) -> int:
    return int(connection.makefile("rb").readline().split()[1])


def test_a_body_that_says_it_is_too_long_is_refused_unread(shared):
    with connect(shared, f"Content-Length: {uploads.LARGEST_FILE + 1}") as connection:
        assert status_of(connection) == 413


def test_a_body_that_becomes_too_long_is_refused_before_its_end(shared, monkeypatch):
    monkeypatch.setattr(uploads, "LARGEST_FILE", 2**18)
    chunk = b"10000\r\n" + b"x" * 2**16 + b"\r\n"
    with connect(shared, "Transfer-Encoding: chunked") as connection:
        for _ in range(2**18 // 2**16):
            connection.sendall(chunk)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):  # so far it waits for the rest
            connection.recv(1)
        connection.sendall(chunk)
        connection.settimeout(10)
        assert status_of(connection) == 413


def test_a_body_that_comes_too_slowly_is_given_up(shared, monkeypatch):
    monkeypatch.setattr(uploads, "SECONDS", 0.3)
    with connect(shared, "Content-Length: 1000") as connection:
        connection.sendall(b"x" * 10)
        began = time.perf_counter()
        assert status_of(connection) == 408
        assert 0.2 < time.perf_counter() - began < 5


def test_the_same_body_is_taken_in_time(running, monkeypatch):
    content = packed(PHOTO)
    with connect(running, f"Content-Length: {len(content)}") as connection:
        for start in range(0, len(content), 2000):
            connection.sendall(content[start : start + 2000])
        assert status_of(connection) == 200


MALFORMED = {
    "no JSON": b"{",
    "too deep": b'{"revision": 0, "edit": {"edit": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "another type": json.dumps({"revision": "0", "edit": {}}).encode(),
    "a list": b"[]",
    "an unknown key": json.dumps({"revision": 0, "edit": {}, "path": "/"}).encode(),
    "not finite": b'{"revision": 0, "edit": {"edit": "erase", "points": [[NaN, 1]], "width": 3}}',
    "points of text": b'{"revision": 0, "edit": {"edit": "erase", "points": "abc", "width": 3}}',
    "a huge number": b'{"revision": 0, "edit": {"edit": "remove_object", "instance": ' + b"9" * 4000 + b"}}",
    "a file of this machine": json.dumps(
        {"revision": 0, "edit": {"edit": "add_object", "mask": "/etc/passwd", "label": 0, "at": [1, 1]}}
    ).encode(),
    "a class of a script": json.dumps(
        {"revision": 0, "edit": {"edit": "fill", "point": [1, 1], "label": "<script>alert(1)</script>"}}
    ).encode(),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_bad_edit_is_refused_in_words(shared, kind):
    response = shared.client.post("/api/edit", content=MALFORMED[kind])
    assert response.status_code == 400 and len(response.json()["detail"]) > 10, response.text
    assert response.headers["content-type"] == "application/json"
    assert shared.session.revision == 0 and shared.session.scene.edits == ()


def test_an_edit_that_is_too_long_is_refused(shared):
    response = shared.client.post("/api/edit", content=b" " * (uploads.LARGEST_EDIT + 1))
    assert response.status_code == 413 and str(uploads.LARGEST_EDIT) in response.json()["detail"]
