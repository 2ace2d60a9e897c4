"""Weights files from a server on loopback."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from synthkit import weights
from synthkit.errors import SynthkitError

CONTENT = bytes(range(256)) * 64
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/broken" else CONTENT)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def files() -> list[str]:
    return sorted(path.name for path in weights.folder().iterdir())


def test_download_then_use_the_file(server):
    path = weights.fetch("a.pth", f"{server}/a", sha256=SHA[:8])
    assert path.read_bytes() == CONTENT
    assert files() == ["a.pth"]
    assert weights.fetch("a.pth", "http://127.0.0.1:9/nobody", sha256=SHA) == path


@pytest.mark.parametrize(("page", "sha", "reason"), [("missing", SHA, "404"), ("broken", SHA, "bytes came")])
def test_failed_download_leaves_nothing(server, page, sha, reason):
    with pytest.raises(SynthkitError, match=reason) as error:
        weights.fetch("a.pth", f"{server}/{page}", sha256=sha, instead="use the other one")
    assert str(weights.folder() / "a.pth") in str(error.value)
    assert "Without it: use the other one" in str(error.value)
    assert files() == []


def test_poisoned_file_is_refused(server):
    with pytest.raises(SynthkitError, match="not 0000"):
        weights.fetch("a.pth", f"{server}/a", sha256="0000")
    assert files() == []
    (weights.folder() / "a.pth").write_bytes(b"something else")
    with pytest.raises(SynthkitError, match="does not begin with"):
        weights.fetch("a.pth", f"{server}/a", sha256=SHA)
