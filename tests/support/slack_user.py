"""What a user types in the simulated Slack, and what the bot has posted there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.sandbox import Sandbox
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, GENERAL, StoredMessage

WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """A user of the simulated Slack, with any bot or none running."""

    sandbox: Sandbox

    async def type(self, text: str, *, user: str = ANA, channel: str = GENERAL) -> Delivery:
        """Type `/video text`."""
        return await self.sandbox.slack.people.command(user, channel, text)

    def messages(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the public messages in a channel, outside of threads."""
        messages = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in messages if one.thread_ts is None and one.ephemeral_for is None]

    def replies(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the public replies in the channel's threads."""
        messages = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in messages if one.thread_ts is not None and one.ephemeral_for is None]

    def ephemerals(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the ephemeral messages in a channel."""
        messages = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in messages if one.ephemeral_for is not None]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition is true, checked after each change in Slack; fail on timeout."""
        workspace = self.sandbox.slack.world.workspace
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                await workspace.changed_since(workspace.version)

    async def until_delivered(self, jobs: int = 1, channel: str = GENERAL) -> None:
        """Wait until this many jobs' messages in the channel show their end."""
        ends = ("Done in", "Failed after", "Cancelled", "Not started", "On hold")
        await self.until(
            lambda: (
                sum(
                    any(end in message.text for end in ends) and "bringing it" not in message.text
                    for message in self.messages(channel)
                )
                == jobs
            )
        )
