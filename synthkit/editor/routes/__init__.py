"""What the page asks for, one file per kind; and what all of these rely on."""

from typing import Annotated

from fastapi import Depends, Request, Response

from synthkit.editor.session import Session


async def _ready(request: Request) -> Session:
    await request.app.state.session.ready()
    return request.app.state.session


Ready = Annotated[Session, Depends(_ready)]
"""The session, once its model is loaded."""


def json_response(text: bytes) -> Response:
    """An answer that is JSON already."""
    return Response(text, media_type="application/json")


def png_response(image: bytes, **headers: str) -> Response:
    """A picture."""
    return Response(image, media_type="image/png", headers=headers)
