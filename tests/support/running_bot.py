"""The whole bot between the two simulated services, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bot.app import run
from bot.app.roles import ALL, Role
from bot.app.run import Service, running
from bot.base.settings import load_settings
from bot.options.catalog import Catalog
from bot.worker import scheduler
from bot.worker.scheduler import Scheduler
from sandbox.sandbox import Sandbox
from storage import home, notification
from storage.sqlite import homes
from tests.support.sandbox import running_sandbox
from tests.support.services import CATALOG
from tests.support.slack_user import SlackUser

FAST = {
    "SUBMIT_DELAY_SECONDS": "0",
    "POLL_MIN_SECONDS": "0.02",
    "POLL_MAX_SECONDS": "0.05",
    # Each takes a process that starts; tests of posters have them.
    "POSTERS": "no",
}
_UNPACED = {"SLACK_POSTS_PER_SECOND": "50"}
"""A second message in a channel would wait for a second; tests of limits have those of Slack."""
RENDER_SECONDS = 0.02
TICK_SECONDS = 0.05
"""Between two looks for due rows; half a second outside the tests."""
GATHER_SECONDS = 0.01
"""Before a look that a new row causes; 0.05 s outside the tests."""
REDRAW_SECONDS = 0.2
"""Between two drawings of a Home tab; three outside the tests."""
SET_EDIT_SECONDS = 0.05
"""Before an edit of a set's message; ten outside the tests."""

_READ_ANEW = Catalog.load


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBot(SlackUser):
    """A running bot and the users of its workspace."""

    service: Service


@asynccontextmanager
async def running_bot(
    *, socket_mode: bool = False, render_seconds: float = RENDER_SECONDS, **environment: str
) -> AsyncIterator[RunningBot]:
    """Run services and bot while the context lasts; `environment` overrides the usual variables."""
    async with (
        running_sandbox(render_seconds=render_seconds) as sandbox,
        bot_in(sandbox, socket_mode=socket_mode, **environment) as bot,
    ):
        yield bot


@asynccontextmanager
async def bot_in(
    sandbox: Sandbox, *, socket_mode: bool = False, **environment: str
) -> AsyncIterator[RunningBot]:
    """Run a bot in a sandbox that outlives it, for tests of restarts."""
    async with process_in(sandbox, ALL, environment, socket_mode=socket_mode) as bot:
        yield bot


@asynccontextmanager
async def process_in(
    sandbox: Sandbox, role: Role, environment: Mapping[str, str], *, socket_mode: bool = False
) -> AsyncIterator[RunningBot]:
    """Run one process of a bot, which may have others beside it."""
    variables = {**sandbox.environment(socket_mode=socket_mode), **FAST, **_UNPACED, **environment}
    with _quick_start():
        async with running(load_settings(variables), role=role) as service:
            if role.listens and not socket_mode:
                sandbox.deliver_to_port(service.port)
            yield RunningBot(sandbox=sandbox, service=service)


def _load(extra_dir: Path | None = None) -> Catalog:
    return CATALOG if extra_dir is None else _READ_ANEW(extra_dir)


@contextmanager
def _quick_start() -> Iterator[None]:
    """Shorten the pauses of a bot that starts meanwhile; tests of the pauses use the real ones.

    The packaged models are not read anew for each bot: that takes a third of its start.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Catalog, "load", _load)
        patch.setattr(run, "Scheduler", partial(Scheduler, tick_seconds=TICK_SECONDS))
        patch.setattr(scheduler, "GATHER_SECONDS", GATHER_SECONDS)
        patch.setattr(home, "REDRAW_SECONDS", REDRAW_SECONDS)
        patch.setattr(homes, "REDRAW_SECONDS", REDRAW_SECONDS)
        patch.setattr(notification, "SET_EDIT_SECONDS", SET_EDIT_SECONDS)
        yield
