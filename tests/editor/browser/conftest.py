"""The editor of the shipped model, and a browser."""

import pytest
from editor_page import CHROMIUM, EditorPage, browsing, open_street, serving


@pytest.fixture(scope="session")
def address():
    """Where the editor listens."""
    with serving() as address:
        yield address


@pytest.fixture(scope="module")  # its event loop would be in the way of other modules' own
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium is installed, nor google-chrome: apt install chromium")
    with browsing() as browser:
        yield browser


@pytest.fixture
def make_page(browser, address):
    """Opens the editor in a tab of its own; what its console complained of fails the test at its end."""
    pages = []

    def make(**options) -> EditorPage:
        pages.append(EditorPage(browser, address, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()
        assert page.problems == []


@pytest.fixture
def editor(address, make_page) -> EditorPage:
    """The editor at a street of 128 lines."""
    open_street(address, 128)
    return make_page()


@pytest.fixture
def small(address, make_page) -> EditorPage:
    """The editor at a street of 64 lines, for what does not look at its image."""
    open_street(address, 64)
    return make_page()
