"""An editor of the shipped model with a small scene, behind a real server in this process."""

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import httpx

from synthkit.data.streets import paint
from synthkit.editor.app import build_app
from synthkit.editor.security import LOOPBACK, Guard
from synthkit.editor.serve import Place, listen, make_server
from synthkit.editor.session import Session
from synthkit.editor.worker import ModelThread

TOKEN = "the-token"
SIZE = (32, 64)
MOST_PIXELS = 2**14


def small_scene(workspace, seed: int = 3, size=SIZE):
    painted = paint(seed, *size)
    return workspace.open_maps({"label": painted.label, "instance": painted.instance})


def make_session(workspace, scene=None) -> Session:
    return Session(ModelThread(), lambda: (workspace, scene or small_scene(workspace)))


@contextmanager
def served(session, *, guard=Guard):
    """The session with its address, a client that has the token, and a bare one."""
    app = guard(build_app(session, most_pixels=MOST_PIXELS), hosts=LOOPBACK, token=TOKEN)
    with listen(Place()) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        host, port = listener.getsockname()
        base = f"http://{host}:{port}"
        try:
            with (
                httpx.Client(base_url=base, timeout=30, verify=False) as bare,
                httpx.Client(
                    base_url=base, timeout=30, verify=False, headers={"X-Synthkit-Token": TOKEN}
                ) as client,
            ):
                yield SimpleNamespace(session=session, client=client, bare=bare, base=base, port=port)
        finally:
            server.should_exit = True
            thread.join()
