"""What stands in the simulated Slack, as somebody who looks on sees it, and what they type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.both import Sandbox
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, GENERAL, Said

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """Looks at a town, whichever bot runs in it."""

    sandbox: Sandbox

    async def type(self, text: str, *, user: str = ANA, channel: str = GENERAL) -> Delivery:
        """Type `/video text`."""
        return await self.sandbox.slack.people.command(user, channel, text)

    def messages(self, channel: str = GENERAL) -> list[Said]:
        """Return what stands in a channel outside of threads, for everyone."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if one.thread_ts is None and one.ephemeral_for is None]

    def replies(self, channel: str = GENERAL) -> list[Said]:
        """Return what stands in the channel's threads."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if one.thread_ts is not None and one.ephemeral_for is None]

    def ephemerals(self, channel: str = GENERAL) -> list[Said]:
        """Return what only one person sees."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if one.ephemeral_for is not None]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what stands in Slack fulfils the condition; fail after a while."""
        workspace = self.sandbox.slack.world.workspace
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
