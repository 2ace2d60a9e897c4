"""Who may talk to the editor: the page that it served itself, opened by whoever knows the token."""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TOKEN_HEADER = "x-synthkit-token"
OPEN = ("/", "/static/")  # hold no state: the page itself, and its scripts and styles

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """ASGI middleware that turns away every request but those of the editor's own page.

    In this order: `Host` must be one of `hosts` (a page elsewhere whose name was rebound to this address
    sends its own); `Origin`, where there is one, must be that host, which `null` is not; a browser must not
    call the request cross-site or of another port's page, unless it is the opening of the page itself; and
    all but the page and its files needs the token. Every answer carries HEADERS.

    Args:
        hosts: the names that browsers may use for this server, without port.
        token: what `X-Synthkit-Token` must hold.
    """

    def __init__(self, app, *, hosts: Iterable[str], token: str):
        self.app, self.token = app, token.encode()
        self.hosts = frozenset(map(_name, hosts))

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        refusal = self.refusal(Call.of(scope))
        if refusal:
            await _refuse(send, *refusal)
        else:
            await self.app(scope, receive, _with_headers(send))

    def refusal(self, call: "Call") -> tuple[int, str] | None:
        """The status and the reason with which a call is turned away, if it is."""
        for check in (self._host, self._origin, self._site, self._token):
            if refusal := check(call):
                return refusal
        return None

    def _host(self, call: "Call") -> tuple[int, str] | None:
        hosts = call.all("host")
        if len(hosts) == 1 and _name(hosts[0]) in self.hosts:
            return None
        names = ", ".join(sorted(self.hosts))
        return 421, f"this editor answers to {names} alone: `--allow-host NAME` adds a name"

    def _origin(self, call: "Call") -> tuple[int, str] | None:
        host = call.all("host")[0].lower()
        foreign = {origin.lower() for origin in call.all("origin")} - {f"http://{host}", f"https://{host}"}
        return (403, "this request comes from another site's page") if foreign else None

    def _site(self, call: "Call") -> tuple[int, str] | None:
        if {*call.all("sec-fetch-site")} <= {"same-origin", "none"}:
            return None
        if call.path == "/" and call.all("sec-fetch-mode") == ["navigate"]:
            return None  # a link to the editor, such as a terminal in a browser makes of its address
        return 403, "this request comes from another site's page"

    def _token(self, call: "Call") -> tuple[int, str] | None:
        if call.path == OPEN[0] or call.path.startswith(OPEN[1]):
            return None
        tokens = call.all(TOKEN_HEADER)
        if len(tokens) == 1 and hmac.compare_digest(tokens[0].encode("latin-1"), self.token):
            return None
        return 401, "the token is missing or wrong: open the address that `synthkit editor` printed"


@dataclass(frozen=True)
class Call:
    """A request's path and headers, these as (name in small letters, value)."""

    path: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope) -> "Call":
        headers = (
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        )
        return cls(scope["path"], tuple(headers))

    def all(self, name: str) -> list[str]:
        """Every value of a header, which may be sent more than once."""
        return [value for key, value in self.headers if key == name]


def _name(host: str) -> str:
    """A `Host` header without its port: `[::1]:80` gives `[::1]`."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _with_headers(send):
    async def sending(message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return sending


async def _refuse(send, status: int, detail: str) -> None:
    body, sending = json.dumps({"detail": detail}).encode(), _with_headers(send)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await sending({"type": "http.response.start", "status": status, "headers": headers})
    await sending({"type": "http.response.body", "body": body})
