"""What the editor works with: the model, its classes, and its library of objects."""

import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from synthkit.editor.painter import png
from synthkit.editor.routes import Ready, png_response
from synthkit.errors import did_you_mean, shown

router = APIRouter()
PATIENCE = 1  # seconds after which the page is told that the model still loads


@router.get("/model")
async def model(request: Request) -> dict[str, Any]:
    session = request.app.state.session
    try:
        await asyncio.wait_for(session.ready(), PATIENCE)
    except TimeoutError:
        return {"loading": "Loading the model…"}
    scene, workspace = session.scene, session.workspace
    return {
        "run": workspace.name,
        "classes": [each._asdict() for each in scene.classes],
        "styles": scene.scenery.styles,
        "objects": bool(scene.objects),
        "scenes": workspace.names,
        "loading": False,
    }


@router.get("/objects")
async def objects(session: Ready) -> list[dict[str, Any]]:
    scene = session.scene
    names = {each.id: each.name for each in scene.classes}
    return [
        {
            "name": each.name,
            "label": each.label,
            "class": names.get(each.label, str(each.label)),
            "width": each.mask.shape[1] * scene.state.height / each.height,
            "height": each.mask.shape[0] * scene.state.height / each.height,
        }
        for each in scene.objects.values()
    ]


@router.get("/objects/{name}/thumbnail")
async def thumbnail(session: Ready, name: str) -> Response:
    return png_response(png(_object(session, name).thumbnail))


@router.get("/objects/{name}/mask")
async def mask(session: Ready, name: str) -> Response:
    """White on the object, black around it."""
    from PIL import Image

    return png_response(png(Image.fromarray(_object(session, name).mask)))


def _object(session: Ready, name: str) -> Any:
    objects = session.scene.objects
    if name not in objects:
        raise HTTPException(404, f"object {shown(name)} is not in the library.{did_you_mean(name, objects)}")
    return objects[name]
