"""The whole bot between the two simulated services, over real HTTP, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.app import Service, running
from bot.sandbox.slack_delivery import Delivery
from bot.sandbox.slack_entities import ANA, GENERAL, Said
from bot.sandbox.town import Town, town
from bot.settings import load_settings

PATIENCE_SECONDS = 20.0
FAST = {"POLL_MIN_SECONDS": "0.05", "POLL_MAX_SECONDS": "0.2"}
RENDER_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A running bot and its surroundings."""

    town: Town
    service: Service

    async def type(self, text: str, *, user: str = ANA, channel: str = GENERAL) -> Delivery:
        """Type `/video text`."""
        return await self.town.slack.people.command(user, channel, text)

    def messages(self, channel: str = GENERAL) -> list[Said]:
        """Return what stands in a channel outside of threads, for everyone."""
        said = self.town.slack.world.workspace.all_in(channel)
        return [one for one in said if one.thread_ts is None and one.ephemeral_for is None]

    def replies(self, channel: str = GENERAL) -> list[Said]:
        """Return what stands in the channel's threads."""
        said = self.town.slack.world.workspace.all_in(channel)
        return [one for one in said if one.thread_ts is not None and one.ephemeral_for is None]

    def whispers(self, channel: str = GENERAL) -> list[Said]:
        """Return what only one person sees."""
        said = self.town.slack.world.workspace.all_in(channel)
        return [one for one in said if one.ephemeral_for is not None]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what stands in Slack fulfils the condition; fail after a while."""
        workspace = self.town.slack.world.workspace
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await workspace.changed_since(workspace.version)

    async def until_delivered(self, jobs: int = 1, channel: str = GENERAL) -> None:
        """Wait until so many jobs' messages in the channel say how they ended."""
        ends = ("Done in", "Failed after", "Cancelled", "Not started", "On hold")
        await self.until(
            lambda: (
                sum(any(end in said.text for end in ends) for said in self.messages(channel))
                == jobs
            )
        )


@asynccontextmanager
async def house(
    *, socket_mode: bool = False, render_seconds: float = RENDER_SECONDS, **environment: str
) -> AsyncIterator[House]:
    """Run everything while the context lasts; `environment` goes over the usual variables."""
    async with town(render_seconds=render_seconds) as place:
        variables = place.environment(socket_mode=socket_mode) | FAST | environment
        async with running(load_settings(variables)) as service:
            if not socket_mode:
                place.deliver_to_port(service.port)
            yield House(town=place, service=service)
