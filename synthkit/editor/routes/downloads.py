"""What a user takes home: the image, and the scene as a folder in a zip file."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from synthkit.editor.routes import Ready, png_response

if TYPE_CHECKING:
    from synthkit.editing import Scene

router = APIRouter()


@router.get("/download/image")
async def image(session: Ready) -> Response:
    drawn = await session.run(session.painter.image, session.scene.renderer, session.state)  # edits go on
    return png_response(drawn, **_attached("image.png"))


@router.get("/download/scene")
async def scene(session: Ready) -> Response:
    packed = await session.save(_packed)
    return Response(packed, media_type="application/zip", headers=_attached("scene.zip"))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _packed(scene: "Scene") -> bytes:
    """The scene's folder as a zip file."""
    file = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="synthkit_") as folder, zipfile.ZipFile(file, "w") as archive:
        saved = scene.save(Path(folder, "scene"))
        for path in sorted(each for each in saved.rglob("*") if each.is_file()):
            archive.write(path, path.relative_to(folder))
    return file.getvalue()
