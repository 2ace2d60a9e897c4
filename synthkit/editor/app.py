"""The editor as a web application: its pages, its errors, and the guard before them."""

from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from synthkit.editor.routes import downloads, model, pictures, scene, scenes
from synthkit.editor.security import Guard
from synthkit.editor.session import Session
from synthkit.editor.worker import GivenUpError
from synthkit.errors import SynthkitError, shown

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def create_app(session: Session, *, hosts: Iterable[str], token: str, most_pixels: int) -> Guard:
    """The editor of a session, as an ASGI application behind its guard.

    Args:
        hosts: the names that browsers may use for the server.
        token: what each request of data must carry.
        most_pixels: of an uploaded image.
    """
    return Guard(build_app(session, most_pixels=most_pixels), hosts=hosts, token=token)


def build_app(session: Session, *, most_pixels: int) -> FastAPI:
    """The same without a guard."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.session, app.state.most_pixels = session, most_pixels
    for part in (model, scene, pictures, scenes, downloads):
        app.include_router(part.router, prefix="/api")
    _add_page(app)
    _add_errors(app)
    return app


def _add_page(app: FastAPI) -> None:
    """The page and its files: those that lie in STATIC, and no others."""
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in TYPES}

    @app.get("/")
    async def page() -> Response:
        return _file(files["index.html"])

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, f"there is no file {shown(name)}")
        return _file(files[name])


def _file(path: Path) -> Response:
    return Response(path.read_bytes(), media_type=TYPES[path.suffix])


def _add_errors(app: FastAPI) -> None:
    """Answers every error with `{"detail": "sentences"}`."""

    @app.exception_handler(SynthkitError)
    async def refused(request: Request, error: SynthkitError) -> Response:
        return _problem(410 if isinstance(error, GivenUpError) else 400, str(error))

    @app.exception_handler(ValidationError)
    @app.exception_handler(RequestValidationError)
    async def mistyped(request: Request, error: ValidationError | RequestValidationError) -> Response:
        return _problem(400, "; ".join(map(_sentence, error.errors())))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return _problem(500, f"an error of the editor itself, which its terminal shows: {error!r}")


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)


def _sentence(error: dict) -> str:
    """What pydantic found, as `revision is 'x': Input should be a valid integer`."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("query", "path"))
    return f"{place or 'the body'} is {shown(error['input'])}: {error['msg']}"
