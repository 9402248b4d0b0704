"""The whole bot between the two simulated services, over real HTTP, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.app.run import Service, running
from bot.base.settings import load_settings
from sandbox.town import Town
from tests.onlooker import Onlooker
from tests.town import town

FAST = {"POLL_MIN_SECONDS": "0.05", "POLL_MAX_SECONDS": "0.2"}
RENDER_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class House(Onlooker):
    """A running bot and its surroundings."""

    service: Service


@asynccontextmanager
async def house(
    *, socket_mode: bool = False, render_seconds: float = RENDER_SECONDS, **environment: str
) -> AsyncIterator[House]:
    """Run everything while the context lasts; `environment` goes over the usual variables."""
    async with (
        town(render_seconds=render_seconds) as place,
        bot_in(place, socket_mode=socket_mode, **environment) as home,
    ):
        yield home


@asynccontextmanager
async def bot_in(
    place: Town, *, socket_mode: bool = False, **environment: str
) -> AsyncIterator[House]:
    """Run a bot in a town that stays when the bot goes, for tests of what outlives a process."""
    variables = place.environment(socket_mode=socket_mode) | FAST | environment
    async with running(load_settings(variables)) as service:
        if not socket_mode:
            place.deliver_to_port(service.port)
        yield House(town=place, service=service)
