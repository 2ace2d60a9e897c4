"""What a browser sends: bodies of requests, read with limits, and the images in them."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from synthkit.errors import DataError

LARGEST_EDIT = 2**21  # bytes of JSON: a stroke of a hundred thousand points
LARGEST_FILE = 2**26  # bytes
SECONDS = 60  # for all of a body


T = TypeVar("T")
Message = TypeVar("Message", bound=BaseModel)


async def receive(request: Request, kind: type[Message]) -> Message:
    """The JSON that a request holds. Raises ValidationError for what is not of this kind."""
    return kind.model_validate_json(await read_body(request, LARGEST_EDIT))


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request: 413 as soon as it is over `most` bytes, 408 where it is not there in SECONDS."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise _too_long(declared, most)
    try:
        async with asyncio.timeout(SECONDS):
            return await _collected(request, most)
    except TimeoutError:
        raise HTTPException(408, f"the body was not there within {SECONDS} seconds") from None
    except ClientDisconnect:
        raise HTTPException(400, "the connection ended before the body did") from None


async def _collected(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_long(f"over {most}", most)
    return bytes(body)


def _too_long(length: str, most: int) -> HTTPException:
    return HTTPException(413, f"the body has {length} bytes: at most {most} are taken")


async def receive_image(request: Request, field: str, read: Callable[[Path], T]) -> T:
    """What `read(path)` makes of the image that a request holds; its header is looked at first.

    Raises DataError, calling the file by `field`, for what is no image or one of too many pixels.
    """
    body = await read_body(request, LARGEST_FILE)
    return await asyncio.to_thread(_decoded, body, field, read, request.app.state.most_pixels)


def _decoded(body: bytes, field: str, read: Callable[[Path], T], most_pixels: int) -> T:
    from synthkit.data import images  # with torch, which loads beside the server

    with tempfile.TemporaryDirectory(prefix="synthkit_") as folder:
        path = Path(folder, field)
        path.write_bytes(body)
        try:
            _check_size(*images.read_size(path), field, most_pixels)
            return read(path)
        except DataError as error:
            raise DataError(str(error).replace(str(path), field)) from error


def _check_size(width: int, height: int, field: str, most: int) -> None:
    if width * height > most:
        raise DataError(f"{field}: {width} x {height} pixels are over the limit of {most}: make it smaller")
