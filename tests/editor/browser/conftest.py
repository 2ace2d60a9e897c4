"""The editor of the shipped model, and a browser."""

import pytest

from editor_page import CHROMIUM, EditorPage, browsing, open_scene, serving


@pytest.fixture(scope="session")
def address():
    """Where the editor listens."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium is installed, nor google-chrome: apt install chromium")
    with browsing() as browser:
        yield browser


@pytest.fixture
def make_page(browser, address):
    """Opens the editor at the first scene; what its console complained of fails the test at its end."""
    pages = []

    def make(**options) -> EditorPage:
        open_scene(address, 0)
        pages.append(EditorPage(browser, address, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()
        assert page.problems == []


@pytest.fixture
def editor(make_page) -> EditorPage:
    return make_page()
