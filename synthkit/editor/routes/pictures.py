"""What the model draws of the scene: its image, and instances in other looks."""

from functools import partial

from fastapi import APIRouter, Request, Response

from synthkit.editor.routes import Ready, png_response
from synthkit.editor.worker import Rank

router = APIRouter()


@router.get("/image")
async def image(session: Ready, request: Request, revision: int, preview: bool = False) -> Response:
    """The image of a revision, once it is drawn; with `preview` a coarser one where the whole takes long."""
    session.check(revision)
    state, renderer, painter = session.state, session.scene.renderer, session.painter
    if preview and painter.is_slow(state):
        work, headers = partial(painter.preview, renderer, state), {"X-Synthkit-Preview": "1"}
    else:
        work, headers = partial(painter.image, renderer, state), {}
    return png_response(await session.drawn(work.func, work, Rank.RENDER, left(request)), **headers)


@router.get("/thumbnail")
async def thumbnail(
    session: Ready,
    request: Request,
    revision: int,
    instance: int,
    cluster: int | None = None,
    seed: int | None = None,
) -> Response:
    """A part of the image about an instance, in a cluster's look or one drawn by a seed."""
    from synthkit.editing import Look

    session.check(revision)
    scene, state, look = session.scene, session.state, Look(cluster, seed)
    state.mask(instance)
    scene.scenery.check(look, state.instances[instance].label)
    work = partial(session.painter.thumbnail, scene.renderer, state, instance, look)
    return png_response(await session.drawn((instance, look), work, Rank.THUMBNAIL, left(request)))


async def left(request: Request) -> None:
    """Returns when the browser gives the request up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
