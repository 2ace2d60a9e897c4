"""Runs the editor: the server first, and beside it the model, which takes longer to load."""

import contextlib
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import uvicorn

from synthkit.editor.app import create_app
from synthkit.editor.security import LOOPBACK, Guard
from synthkit.editor.session import Session
from synthkit.editor.worker import ModelThread
from synthkit.errors import ConfigError

PATIENCE = 2  # seconds that requests have to end when the editor is stopped


class Place(NamedTuple):
    """Where the editor listens: a host and a port, 0 for any that is free; and the names it answers to.

    `names` are those that browsers may use besides this machine's own, which a host that others can reach
    needs.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: Sequence[str] = ()


def serve(
    run: str | Path | None,
    scene: Path | None,
    place: Place,
    *,
    most_pixels: int,
    show: Callable[[str], object],
) -> None:
    """Serve the editor of a run until it is stopped; `show` is given its address as soon as it listens.

    `scene` is a saved one to begin with, whose own run is taken where none is given. Uploads have up to
    `most_pixels`. Raises ConfigError where it may not or cannot listen at the place, and what loading the
    model and opening the scene raises, after a page that waits for them was told.
    """
    with listen(place) as listener:
        token = secrets.token_urlsafe(32)
        session = Session(ModelThread(), lambda: _open(run, scene))
        app = create_app(session, hosts=(*LOOPBACK, *place.names), token=token, most_pixels=most_pixels)
        name = place.names[0] if place.names else _bracketed(place.host)
        show(f"http://{name}:{listener.getsockname()[1]}/#token={token}")
        server = make_server(app)
        session.loading.when_over(lambda: _stop_without(session, server))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    if session.loading.failure:
        raise session.loading.failure


def _stop_without(session: Session, server: uvicorn.Server) -> None:
    """Stop a server that has nothing to serve; requests that wait for the model are still answered."""
    if session.loading.failure:
        server.should_exit = True


def make_server(app: Guard) -> uvicorn.Server:
    """A server of an application that neither logs nor tells more than it must."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    return uvicorn.Server(config)


def listen(place: Place) -> socket.socket:
    """A socket that listens. Raises ConfigError for a host that others reach but that has no names."""
    if _bracketed(place.host) not in LOOPBACK and not place.names:
        raise ConfigError(
            f"--host {place.host}: others can reach the editor there, and it answers to this machine alone: "
            "name it as they will, with --allow-host NAME"
        )
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        listener = socket.create_server((place.host, place.port), family=family)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--host {place.host} --port {place.port}: {error}") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer takes 40 ms more
    return listener


def _bracketed(host: str) -> str:
    """A host as it is written before a port."""
    return f"[{host}]" if ":" in host else host


def _open(run: str | Path | None, scene: Path | None) -> tuple:
    """The workspace and its first scene."""
    from synthkit.editor.workspace import open_workspace  # with torch, which takes its time

    return open_workspace(run, scene)
