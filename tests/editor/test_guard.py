"""Who is turned away from the editor: at every route, in every way, and by which check."""

import random
import re
import socket

import pytest
from editor_server import TOKEN, make_session, served

from synthkit.editor.app import build_app
from synthkit.editor.security import HEADERS, Guard
from synthkit.editor.serve import Place, listen
from synthkit.errors import ConfigError

ATTACKS = {
    "no token": {"X-Synthkit-Token": None},
    "wrong token": {"X-Synthkit-Token": TOKEN[:-1] + "x"},
    "wrong host": {"Host": "evil.example"},
    "foreign origin": {"Origin": "http://evil.example"},
    "other port": {"Origin": "http://127.0.0.1:1"},
    "null origin": {"Origin": "null"},
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
}
REFUSED = {401, 403, 421}
STROKE = {"edit": "stroke", "points": [[5, 5]], "width": 4, "label": "road", "new": True}
VALUES = {"number": "0", "name": "tree_01", "field": "label"}
QUERY = {"revision": 0, "instance": 0, "cluster": 0}
BODIES = {"/api/edit": {"edit": STROKE}, "/api/goto": {"position": 0}}
ROUTES = sorted(
    (method.upper(), path)
    for path, methods in build_app(None, most_pixels=1).openapi()["paths"].items()
    for method in methods
)


@pytest.fixture(scope="module")
def running(workspace):
    with served(make_session(workspace)) as running:
        running.client.get("/api/scene")
        yield running


def ask(running, method, path, headers):
    """A request that would be answered, but for the headers; None takes one away."""
    path = re.sub(r"{(\w+)}", lambda found: VALUES[found[1]], path.replace("static/{name}", "static/main.js"))
    headers = {"X-Synthkit-Token": TOKEN, **headers}
    body = {"revision": 0, **BODIES.get(path, {})} if method == "POST" and path != "/api/open" else None
    return running.bare.request(
        method,
        path,
        params=QUERY,
        json={"scene": "blank"} if path == "/api/open" else body,
        headers={name: value for name, value in headers.items() if value is not None},
    )


def kept(session):
    return session.revision, session.scene, session.scene.state, dict(session.uploads)


def is_open(path, attack):
    """Whether the request is for the page itself, which holds nothing, and lacks no more than the token."""
    return not path.startswith("/api") and attack.endswith("token")


def test_the_table_has_every_route():
    assert len(ROUTES) == 20 and ("POST", "/api/edit") in ROUTES and ("PUT", "/api/upload/{field}") in ROUTES


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_guarded(running, method, path, attack):
    before = kept(running.session)
    response = ask(running, method, path, ATTACKS[attack])
    if is_open(path, attack):
        assert response.status_code == 200
        return
    assert response.status_code in REFUSED, response.text
    assert list(response.json()) == ["detail"] and TOKEN not in response.text
    assert kept(running.session) == before
    assert HEADERS.items() <= dict(response.headers).items()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_answers_who_may_ask(workspace, running, method, path):
    """Else the requests above could be refused for any reason."""
    response = ask(running, method, path, {"Origin": running.base, "Sec-Fetch-Site": "same-origin"})
    assert response.status_code not in REFUSED and response.status_code < 500, response.text


@pytest.mark.parametrize(
    ("check", "attack"),
    [
        ("_token", "no token"),
        ("_token", "wrong token"),
        ("_host", "wrong host"),
        ("_origin", "foreign origin"),
        ("_origin", "null origin"),
        ("_site", "cross-site"),
        ("_site", "same-site"),
    ],
)
def test_each_check_is_what_stops_an_attack(workspace, check, attack):
    """With that check off, all others on, the edit is made."""
    guard = type("Open", (Guard,), {check: lambda self, call: None})
    with served(make_session(workspace), guard=guard) as running:
        assert ask(running, "POST", "/api/edit", ATTACKS[attack]).status_code == 200
        assert running.session.revision == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "LOCALHOST"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "evil.example:80@127.0.0.1"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"X-Synthkit-Token": TOKEN + "\xe9"}, 401),
        ({"X-Synthkit-Token": TOKEN.upper()}, 401),
    ],
)
def test_near_misses(running, headers, status):
    headers = {name: value.encode("latin-1") for name, value in headers.items()}
    assert ask(running, "GET", "/api/model", headers).status_code == status


def raw(running, lines):
    """The status of a request written by hand."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_headers_that_are_there_twice(running):
    own, token = f"Host: 127.0.0.1:{running.port}", f"X-Synthkit-Token: {TOKEN}"
    assert raw(running, ["GET /api/model HTTP/1.1", own, token]) == 200
    assert raw(running, ["GET /api/model HTTP/1.1", own, "Host: evil.example", token]) in (400, 421)
    assert raw(running, ["GET /api/model HTTP/1.1", own, token, "X-Synthkit-Token: x"]) == 401
    foreign = "Origin: http://evil.example"
    assert raw(running, ["GET /api/model HTTP/1.1", own, token, f"Origin: {running.base}", foreign]) == 403


def test_a_link_to_the_page_is_followed_and_nothing_else_is(running):
    link = {"X-Synthkit-Token": None, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(running, "GET", "/", link).status_code == 200
    assert ask(running, "GET", "/static/main.js", link).status_code == 403
    assert ask(running, "GET", "/api/scene", {**link, "X-Synthkit-Token": TOKEN}).status_code == 403


def strings(count):
    """Names that try to get out of a folder."""
    chance = random.Random(0)
    dots = ("..", "%2e%2e", "..%2f", "..%5c", "....//", "..;", "%252e%252e", "..%c0%af", ".")
    ends = ("etc/passwd", "app.py", "static/../app.py", "synthkit/editor/security.py", "index.html%00.js")
    for _ in range(count):
        parts = [chance.choice(dots) for _ in range(chance.randint(1, 8))]
        yield chance.choice(("/", "%2f", "\\", "%5c")).join([*parts, chance.choice(ends)])


@pytest.mark.parametrize("folder", ["/static/", "/api/objects/", "/api/scenes/"])
def test_no_name_leads_out_of_its_folder(running, folder):
    for name in strings(200):
        lines = [f"GET {folder}{name} HTTP/1.1", f"Host: 127.0.0.1:{running.port}"]
        assert raw(running, [*lines, f"X-Synthkit-Token: {TOKEN}"]) in (400, 404), name
    assert raw(running, ["GET /static/main.js HTTP/1.1", f"Host: 127.0.0.1:{running.port}"]) == 200


def test_no_page_of_documentation_is_served(running):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert running.client.get(path).status_code == 404


def test_another_host_needs_names_and_still_the_token(workspace):
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(ConfigError, match="--allow-host NAME"):
            listen(Place(host))
    with listen(Place("0.0.0.0", names=["studio.example"])) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"

    def named(app, hosts, token):
        return Guard(app, hosts=(*hosts, "studio.example"), token=token)

    with served(make_session(workspace), guard=named) as running:
        assert ask(running, "GET", "/api/model", {"Host": "studio.example:80"}).status_code == 200
        lacking = {"Host": "studio.example", "X-Synthkit-Token": None}
        assert ask(running, "GET", "/api/model", lacking).status_code == 401


def test_a_place_that_is_taken_is_named():
    with listen(Place()) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}"):
            listen(Place(port=port))
