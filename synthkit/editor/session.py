"""One scene in the editor: its revisions, and what of it the model thread is asked for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import HTTPException

from synthkit.editor import view
from synthkit.editor.painter import Painter
from synthkit.editor.worker import Job, ModelThread, Rank, Work
from synthkit.errors import SynthkitError

if TYPE_CHECKING:  # both import torch, which loads beside the server
    from synthkit.editing import Scene, State
    from synthkit.editor.workspace import Workspace


class Session:
    """The scene that is open, by revision: a change makes the next, and ends what is drawn of the last.

    Args:
        thread: runs all that needs the model.
        open_workspace: loads the model and the first scene; called at once, on that thread.
    """

    def __init__(self, thread: ModelThread, open_workspace: "Callable[[], tuple[Workspace, Scene]]"):
        self.thread, self.revision, self.painter = thread, 0, Painter()
        self.workspace: Workspace | None = None  # as the scene, there once it is `ready`
        self.scene: Scene | None = None
        self.state: State | None = None  # of the revision, while a change is on its way
        self.uploads: dict[str, np.ndarray] = {}  # by field, until a scene is opened from them
        self._lock = asyncio.Lock()  # whoever holds it may change the scene
        self._jobs: dict[Hashable, Job] = {}  # of the present revision
        self.loading = thread.submit(lambda cancelled: open_workspace(), Rank.OPEN)

    async def ready(self) -> None:
        """Returns once the model is loaded; 503 where it cannot be."""
        await self.loading.wait()
        if self.workspace is None:
            try:
                self.workspace, self.scene = self.loading.result()
                self.state = self.scene.state
            except SynthkitError as error:
                raise HTTPException(503, str(error)) from error
            except Exception as error:
                raise HTTPException(503, f"the model cannot be loaded: {error!r}") from error

    def check(self, revision: int) -> None:
        """410 for another revision than the scene's."""
        if revision != self.revision:
            raise HTTPException(410, f"revision {revision} is over: the scene is at {self.revision}")

    async def told(self) -> bytes:
        """All of the scene, as JSON."""
        async with self._lock:
            return await asyncio.to_thread(self._view, view.whole(self.scene.state))

    async def change(
        self, revision: int, act: "Callable[[Scene], object]", *, by_model: bool = False
    ) -> bytes:
        """What of the scene became different by `act`, as JSON; 409 where it is at another revision.

        `by_model` says that it needs the model; else it takes no turn behind what is drawn.
        """
        async with self._lock:
            if revision != self.revision:
                raise HTTPException(409, f"the scene is at revision {self.revision}, not {revision}")
            await (self.run if by_model else asyncio.to_thread)(act, self.scene)
            return await self._next(view.changed_box(self.state, self.scene.state))

    async def open(self, make: "Callable[[], Scene]") -> bytes:
        """Another scene in place of this one: all of it, as JSON."""
        async with self._lock:
            self.scene = await self.run(make)
            return await self._next(view.whole(self.scene.state))

    async def save(self, write: "Callable[[Scene], Any]") -> Any:
        """What `write` makes of the scene, which stays as it is meanwhile."""
        async with self._lock:
            return await self.run(write, self.scene)

    async def run(self, work: Callable, *arguments: object, rank: Rank = Rank.OPEN) -> Any:
        """What `work` gives on the model thread."""
        job = self.thread.submit(lambda cancelled: work(*arguments), rank)
        await job.wait()
        return job.result()

    async def drawn(self, key: Hashable, work: Work, rank: Rank, left: Awaitable) -> Any:
        """The result of a job for the present revision, which all who ask for the same `key` share.

        410 where another revision comes first. It is given up once all who wait for it have `left`.
        """
        if key not in self._jobs:
            self._jobs[key] = self.thread.submit(work, rank)
        job = self._jobs[key]
        if not await job.wait(unless=left) and not job.awaited:
            job.cancel()
            self._jobs.pop(key, None)
        return job.result()

    async def _next(self, box: view.Box) -> bytes:
        self.revision, self.state = self.revision + 1, self.scene.state
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        return await asyncio.to_thread(self._view, box)

    def _view(self, box: view.Box) -> bytes:
        scene, state = self.scene, self.scene.state
        edits = zip(scene.edits, scene.texts, strict=True)
        facts = {
            "revision": self.revision,
            "width": state.width,
            "height": state.height,
            "box": box,
            **view.maps(state, box),
            "instances": view.instances(state),
            "class_looks": view.class_looks(state),
            "edits": [{**_short(edit), "text": text} for edit, text in edits],
            "position": scene.position,
            "slow": self.painter.is_slow(state),
        }
        return json.dumps(facts, allow_nan=False).encode()


def _short(edit: Mapping) -> dict:
    """An edit without its mask, which may be large, and which no page needs."""
    return {key: value for key, value in edit.items() if key != "mask"}
