"""The simulated Slack workspace: what is said in its channels, and what may be done there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from sandbox.slack.entities import (
    ANA,
    BEN,
    BOT,
    MIA,
    Channel,
    Kind,
    Payload,
    RefusalError,
    Said,
    studio_channels,
    studio_people,
)

Listener = Callable[[str, Said], None]
"""Told of `posted`, `edited` and `deleted` messages, except ephemeral ones."""


class Workspace:
    """All state of conversations. `now` gives seconds since 1970; a `ts` is never given twice."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.version = 0
        self.users = {user.id: user for user in studio_people()}
        self.channels = {channel.id: channel for channel in studio_channels()}
        self.listeners: list[Listener] = []
        self._said: dict[str, dict[str, Said]] = {channel: {} for channel in self.channels}
        self._last_stamp = 0
        self._numbers = count(1)
        self._changed = asyncio.Event()
        for person in (ANA, BEN, MIA):
            self.direct(person)

    def touch(self) -> None:
        """Note a change, and wake those who wait for one."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, version: int) -> int:
        """Return the present version, once it is higher than `version`."""
        while self.version <= version:
            await self._changed.wait()
        return self.version

    def new_id(self, letter: str) -> str:
        """Mint an ID such as `F00000001`."""
        return f"{letter}{next(self._numbers):08}"

    def new_ts(self) -> str:
        """Mint a message's timestamp: by the clock, and later than all before it."""
        self._last_stamp = max(int(self.now() * 1_000_000), self._last_stamp + 1)
        return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06}"

    def channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can see; another is unknown, as in Slack."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind is not Kind.PUBLIC and BOT not in channel.members):
            raise RefusalError("channel_not_found")
        return channel

    def direct(self, user: str) -> Channel:
        """Return the bot's direct conversation with `user`."""
        if user not in self.users or self.users[user].is_bot:
            raise RefusalError("user_not_found")
        channel_id = f"D{user[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(
                id=channel_id, name=user, kind=Kind.DIRECT, members={user, BOT}
            )
            self._said[channel_id] = {}
        return self.channels[channel_id]

    def say(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Sequence[Payload] = (),
        thread_ts: str | None = None,
        metadata: Payload | None = None,
        files: Sequence[str] = (),
    ) -> Said:
        """Put a message into a channel or a thread. The thread's first message must stand."""
        if self.channels[channel].archived:
            raise RefusalError("is_archived")
        self._check_thread(channel, thread_ts)
        said = Said(
            ts=self.new_ts(),
            channel=channel,
            user=user,
            text=text,
            blocks=list(blocks),
            thread_ts=thread_ts,
            metadata=metadata,
            files=tuple(files),
        )
        self._said[channel][said.ts] = said
        self._tell("posted", said)
        return said

    def send_ephemeral(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Sequence[Payload] = (),
        thread_ts: str | None = None,
    ) -> Said:
        """Show the bot's words to one person only."""
        said = Said(
            ts=self.new_ts(),
            channel=channel,
            user=BOT,
            text=text,
            blocks=list(blocks),
            thread_ts=thread_ts,
            ephemeral_for=user,
        )
        self._said[channel][said.ts] = said
        self.touch()
        return said

    def edit(self, said: Said, text: str, blocks: Sequence[Payload] | None) -> None:
        """Change what a message says; without `blocks` it keeps those that it has."""
        said.edits.append((said.text, said.blocks))
        said.text = text
        if blocks is not None:
            said.blocks = list(blocks)
        said.edited_ts = self.new_ts()
        self._tell("edited", said)

    def delete(self, said: Said) -> None:
        """Take a message away; its replies stay, without a thread that takes more."""
        del self._said[said.channel][said.ts]
        self._tell("deleted", said)

    def find(self, channel: str, ts: str) -> Said | None:
        """Return a message that stands, private ones too."""
        return self._said.get(channel, {}).get(ts)

    def locate(self, ts: str) -> Said:
        """Return a message by its `ts` alone, which no other message here has."""
        for said in self._said.values():
            if ts in said:
                return said[ts]
        raise RefusalError("message_not_found")

    def message(self, channel: str, ts: str) -> Said:
        """Return a message that stands for everybody."""
        said = self.find(channel, ts)
        if said is None or said.ephemeral_for is not None:
            raise RefusalError("message_not_found")
        return said

    def all_in(self, channel: str) -> list[Said]:
        """Return everything in a channel, replies and private messages too, oldest first."""
        return list(self._said[channel].values())

    def history(self, channel: str) -> list[Said]:
        """Return what stands in the channel itself for everybody, oldest first."""
        return [said for said in self._public(channel) if said.thread_ts in {None, said.ts}]

    def thread(self, channel: str, ts: str) -> list[Said]:
        """Return a thread, its first message first."""
        first = self.message(channel, ts)
        return [first, *(said for said in self._public(channel) if said.thread_ts == ts)]

    def reply_counts(self, channel: str) -> Counter[str]:
        """Return how many replies each message of a channel has."""
        return Counter(said.thread_ts for said in self._public(channel) if said.thread_ts)

    def posts_of(self, job_id: str) -> list[Said]:
        """Return the messages whose metadata names this job, in all channels."""
        return [
            said
            for channel in self._said
            for said in self._public(channel)
            if said.job_id == job_id
        ]

    def shares_of(self, job_id: str) -> list[Said]:
        """Return the bot's messages with files in the threads where this job's messages stand."""
        roots = {(said.channel, said.thread_ts or said.ts) for said in self.posts_of(job_id)}
        return [
            said
            for channel, ts in sorted(roots)
            for said in self._public(channel)
            if said.thread_ts == ts and said.user == BOT and said.files
        ]

    def _check_thread(self, channel: str, thread_ts: str | None) -> None:
        if thread_ts is None:
            return
        first = self.find(channel, thread_ts)
        if first is None or first.ephemeral_for is not None:
            raise RefusalError("thread_not_found")
        if first.thread_ts is not None:
            raise RefusalError("cannot_reply_to_message")

    def _public(self, channel: str) -> Iterator[Said]:
        return (said for said in self._said[channel].values() if said.ephemeral_for is None)

    def _tell(self, what: str, said: Said) -> None:
        self.touch()
        for listener in self.listeners:
            listener(what, said)
