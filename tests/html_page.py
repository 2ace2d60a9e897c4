"""Reading an HTML page, for the tests of what writes some."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HOSTILE = "<script>alert('x')</script> \"q\" #1 ?ü% &amp; a.b"
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """Collects a page's elements, as (tag, attributes), and its text, and insists on balanced tags."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.elements, self.text, self.open = path, [], "", []
        self.feed(path.read_text("utf-8"))
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text += data

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]

    def pictures(self) -> list[Path]:
        """The files behind the page's pictures."""
        sources = [attributes["src"] for attributes in self.all("img") if "src" in attributes]
        return [self.path.parent / unquote(urlsplit(source).path) for source in sources]
