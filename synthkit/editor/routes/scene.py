"""The scene, and changes to it: each names the revision that it means, and is answered by what it changed."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from synthkit.editor.routes import Ready, json_response
from synthkit.editor.uploads import receive, receive_image
from synthkit.errors import DataError

if TYPE_CHECKING:
    from synthkit.editing import Scene

router = APIRouter()


class Step(BaseModel):
    """A step away from a revision."""

    model_config = ConfigDict(extra="forbid", strict=True)
    revision: int


class Edit(Step):
    """An edit; with `amend` it takes the place of the last one."""

    edit: dict[str, Any]
    amend: bool = False


class Goto(Step):
    """A position in the list of edits."""

    position: int


@router.get("/scene")
async def scene(session: Ready) -> Response:
    return json_response(await session.told())


@router.post("/edit")
async def edit(session: Ready, request: Request) -> Response:
    asked = await receive(request, Edit)
    if isinstance(asked.edit.get("mask"), str):
        raise DataError("mask: the editor reads no files of this machine, so give rows of 0 and 1")
    apply = _amend if asked.amend else _apply
    return json_response(await session.change(asked.revision, lambda scene: apply(scene, asked.edit)))


@router.post("/undo")
async def undo(session: Ready, request: Request) -> Response:
    asked = await receive(request, Step)
    return json_response(await session.change(asked.revision, lambda scene: scene.undo()))


@router.post("/redo")
async def redo(session: Ready, request: Request) -> Response:
    asked = await receive(request, Step)
    return json_response(await session.change(asked.revision, lambda scene: scene.redo()))


@router.post("/goto")
async def goto(session: Ready, request: Request) -> Response:
    asked = await receive(request, Goto)
    return json_response(await session.change(asked.revision, lambda scene: scene.goto(asked.position)))


@router.post("/style_photo")
async def style_photo(
    session: Ready, request: Request, revision: int, instance: int | None = None, label: str | None = None
) -> Response:
    """The style of the one thing in a photo for an instance, or for a class by its name."""
    photo = await receive_image(request, "photo", session.workspace.readers["photo"])
    whose = {"instance": instance, "label": label}
    whose = {key: value for key, value in whose.items() if value is not None}
    told = await session.change(revision, lambda scene: scene.set_style(**whose, photo=photo), by_model=True)
    return json_response(told)


def _apply(scene: "Scene", edit: dict) -> None:
    scene.apply(edit)


def _amend(scene: "Scene", edit: dict) -> None:
    """The edit in place of the last one, which stays where it cannot be applied."""
    scene.undo()
    try:
        scene.apply(edit)
    except Exception:
        scene.redo()
        raise
