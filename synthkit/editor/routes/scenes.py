"""Opening other scenes: those of the run's data, a blank one, or the maps that were uploaded."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, model_validator

from synthkit.editor.painter import png
from synthkit.editor.routes import Ready, json_response, png_response
from synthkit.editor.uploads import receive, receive_image
from synthkit.editor.worker import Rank

router = APIRouter()


class Opening(BaseModel):
    """Which scene: one that is offered, by number, a blank one, or that of the uploads."""

    model_config = ConfigDict(extra="forbid", strict=True)
    scene: int | str | None = None
    uploads: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Opening":
        if (self.scene is None) == (self.uploads is None):
            raise ValueError("give either scene, a number or 'blank', or uploads: true")
        return self


@router.post("/open")
async def open_scene(session: Ready, request: Request) -> Response:
    asked, workspace = await receive(request, Opening), session.workspace
    if asked.uploads is None:
        return json_response(await session.open(lambda: workspace.open(asked.scene)))
    told = await session.open(lambda: workspace.open_maps(dict(session.uploads)))
    session.uploads.clear()
    return json_response(told)


@router.get("/scenes/{number}/thumbnail")
async def thumbnail(session: Ready, number: int) -> Response:
    workspace = session.workspace
    if number not in range(len(workspace.names)):
        raise HTTPException(404, f"scene {number} is none: there are {len(workspace.names)}, from 0")
    picture = await session.run(workspace.thumbnail, number, rank=Rank.THUMBNAIL)
    return png_response(png(picture))


@router.put("/upload/{field}")
async def upload(
    session: Ready, request: Request, field: Literal["label", "instance", "photo"]
) -> dict[str, int]:
    """A file of the scene that is to be opened."""
    read = session.workspace.readers[field]
    session.uploads[field] = array = await receive_image(request, field, read)
    return {"width": array.shape[1], "height": array.shape[0]}


@router.delete("/upload")
async def clear(session: Ready) -> dict:
    session.uploads.clear()
    return {}
