"""The command as its users meet it: an address at once, then the scene; and what it says where it cannot."""

import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest


@contextmanager
def command(*arguments):
    """The editor in a process of its own; gives the process and a client with its token."""
    process = subprocess.Popen(
        [sys.executable, "-m", "synthkit", "editor", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.search(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)", process.stdout.readline())
        with httpx.Client(
            base_url=address[1], headers={"X-Synthkit-Token": address[2]}, timeout=60
        ) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


def model_of(client) -> httpx.Response:
    """The model, once it is loaded."""
    for _ in range(120):
        response = client.get("/api/model")
        if response.status_code != 200 or not response.json()["loading"]:
            return response
    raise AssertionError("the model still loads")


def test_the_shipped_scene_is_shown_and_the_editor_stops_when_it_is_told():
    began = time.perf_counter()
    with command() as (process, client):
        listening = time.perf_counter() - began
        page = client.get("/", headers={"X-Synthkit-Token": ""})
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert model_of(client).json()["run"] == "streets"
        view = client.get("/api/scene").json()
        assert (view["width"], view["height"]) == (512, 256) and len(view["instances"]) > 5
        assert client.get("/api/image", params={"revision": 0, "preview": 1}).status_code == 200
        shown = time.perf_counter() - began
        assert listening < shown / 2  # it does not wait for the model
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, -signal.SIGINT, 130)
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    "arguments", [["--host", "0.0.0.0"], ["--host", "no.such.host.example", "--allow-host", "x"]]
)
def test_a_host_that_it_may_not_or_cannot_listen_at(arguments):
    result = subprocess.run(
        [sys.executable, "-m", "synthkit", "editor", *arguments], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1 and result.stderr.startswith(f"error: --host {arguments[1]}")


def test_a_run_that_cannot_be_opened_ends_the_editor(tmp_path):
    with command(tmp_path / "none") as (process, client):
        response = model_of(client)
        assert response.status_code == 503 and str(tmp_path / "none") in response.json()["detail"]
        assert process.wait(10) == 1
        error = process.stderr.read()
    assert error.startswith("error: there is no run folder") and "Traceback" not in error
