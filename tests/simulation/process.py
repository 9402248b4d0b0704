"""One life of the bot's process: what dies together, and the points at which it may."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from weakref import WeakKeyDictionary

from tests.simulation.world import World

# A planned death comes at one of the next points, whichever that is, …
POINTS_TO_DEATH = 40
# … or beside the next call of one kind, so that rare calls have their share of deaths.
CALLS = (
    "submit",
    "get task",
    "download",
    "join",
    "post",
    "find posts",
    "update",
    "send ephemeral",
    "open direct",
    "reserve",
    "upload",
    "share",
    "file state",
    "delete file",
)
POSTER_CALLS = ("complete", "reserve", "upload", "file state", "update", "still")
"""The same, in a world with posters."""
WHERE = ("before", "inside", "after")


OWNER: ContextVar[Process | None] = ContextVar("OWNER", default=None)
"""The process of which what runs is a part."""


class CrashError(BaseException):
    """The process is dead; nothing of it goes on. No `except Exception` may hold it up."""


class Process:
    """What dies together. Every commit and every call passes points at which it may."""

    def __init__(self, world: World, *, mortal: bool, has_posters: bool = False) -> None:
        self.world = world
        self.alive = True
        self.dead = asyncio.Event()
        self.leaving = asyncio.Event()
        """Somebody asked the process to stop."""
        self.stop_is_noted = False
        """Whether the store knows of it: what then ends the process is no death."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.owned: WeakKeyDictionary[asyncio.Task[object], None] = WeakKeyDictionary()
        """All tasks that are a part of it, if `note_owners` notes them."""
        chance = world.chance
        self._doomed_at = ""
        self._points_left: int | None = None
        if mortal and world.odds(0.5):
            self._points_left = 1 + int(chance.expovariate(1 / POINTS_TO_DEATH))
        elif mortal:
            calls = (*CALLS, *POSTER_CALLS) if has_posters else CALLS
            self._doomed_at = f"{chance.choice(WHERE)} {chance.choice(calls)}"
            self._points_left = chance.choice((1, 1, 1, 2, 4))

    def point(self, name: str) -> None:
        """Pass a point at which the process may die, or be noticed to be dead."""
        if not self.alive:
            raise CrashError
        if self._points_left is None or not self.world.faulty:
            return
        if self._doomed_at not in {"", name}:
            return
        self._points_left -= 1
        if self._points_left == 0:
            self.die(name)
            raise CrashError

    def die(self, where: str) -> None:
        """Die now."""
        if self.alive:
            self.alive = False
            self.dead.set()
            self.world.crashes[where] += 1
            self.world.deaths += not self.stop_is_noted
            self.world.note(f"CRASH {where}")

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run `work` as a part of the process."""
        context = copy_context()
        context.run(OWNER.set, self)
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def bury(self) -> None:
        """Undo what is left of a dead process: all of its tasks, the engines' too."""
        self.alive = False
        mine = asyncio.current_task()
        kept = {mine, *self.world.outlive}
        there = self.owned if self.world.processes > 1 else asyncio.all_tasks()
        rest = [task for task in there if task not in kept and not task.done()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def note_owners(loop: asyncio.AbstractEventLoop) -> None:
    """Let each task that is made be noted by the process whose part it is."""

    def make(
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[object, object, object],
        context: Context | None = None,
    ) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.Task(work, loop=loop, context=context)
        owner = OWNER.get() if context is None else context.get(OWNER)
        if owner is not None:
            owner.owned[task] = None
        return task

    loop.set_task_factory(make)  # type: ignore[arg-type] # nothing here makes tasks of generators
