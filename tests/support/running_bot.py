"""The whole bot between the two simulated services, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.app.run import Service, running
from bot.base.settings import load_settings
from sandbox.sandbox import Sandbox
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

FAST = {"SUBMIT_DELAY_SECONDS": "0", "POLL_MIN_SECONDS": "0.05", "POLL_MAX_SECONDS": "0.2"}
RENDER_SECONDS = 0.2


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
    variables = sandbox.environment(socket_mode=socket_mode) | FAST | environment
    async with running(load_settings(variables)) as service:
        if not socket_mode:
            sandbox.deliver_to_port(service.port)
        yield RunningBot(sandbox=sandbox, service=service)
