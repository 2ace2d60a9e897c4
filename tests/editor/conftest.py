"""The shipped model, read once, and an editor of it."""

import pytest
from editor_server import make_session, served

from synthkit.editor.workspace import open_workspace


@pytest.fixture(scope="session")
def workspace():
    return open_workspace("streets", None)[0]


@pytest.fixture
def running(workspace):
    """An editor of one's own."""
    with served(make_session(workspace)) as running:
        assert running.client.get("/api/scene").status_code == 200
        yield running


@pytest.fixture(scope="module")
def shared(workspace):
    """The same for tests that change nothing in it."""
    with served(make_session(workspace)) as running:
        assert running.client.get("/api/scene").status_code == 200
        yield running
