"""The users, channels and messages of the simulated Slack, and the rules of posting."""

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
    StoredMessage,
    studio_channels,
    studio_people,
)

Listener = Callable[[str, StoredMessage], None]
"""Called with `posted`, `edited` or `deleted` and the message, except for ephemeral ones."""


class Workspace:
    """All state of conversations. `now` gives seconds since 1970; every `ts` is unique."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.version = 0
        self.users = {user.id: user for user in studio_people()}
        self.channels = {channel.id: channel for channel in studio_channels()}
        self.listeners: list[Listener] = []
        self._messages: dict[str, dict[str, StoredMessage]] = {
            channel: {} for channel in self.channels
        }
        self._last_stamp = 0
        self._numbers = count(1)
        self._changed = asyncio.Event()
        for person in (ANA, BEN, MIA):
            self.direct(person)

    def touch(self) -> None:
        """Count a change, and wake the tasks that wait for one."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, version: int) -> int:
        """Wait until the version is higher than `version`, and return it."""
        while self.version <= version:
            await self._changed.wait()
        return self.version

    def new_id(self, letter: str) -> str:
        """Return a new ID such as `F00000001`."""
        return f"{letter}{next(self._numbers):08}"

    def new_ts(self) -> str:
        """Return a new message timestamp: the time, but later than every earlier one."""
        self._last_stamp = max(int(self.now() * 1_000_000), self._last_stamp + 1)
        return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06}"

    def add(self, channel: Channel) -> None:
        """Add a channel."""
        self.channels[channel.id] = channel
        self._messages[channel.id] = {}

    def channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can see; any other is refused as unknown, as by Slack."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind is not Kind.PUBLIC and BOT not in channel.members):
            raise RefusalError("channel_not_found")
        return channel

    def direct(self, user: str) -> Channel:
        """Return the bot's direct conversation with `user`, and open it if need be."""
        if user not in self.users or self.users[user].is_bot:
            raise RefusalError("user_not_found")
        if self.users[user].is_deactivated:
            raise RefusalError("user_disabled")
        channel_id = f"D{user[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(
                id=channel_id, name=user, kind=Kind.DIRECT, members={user, BOT}
            )
            self._messages[channel_id] = {}
        return self.channels[channel_id]

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Sequence[Payload] = (),
        thread_ts: str | None = None,
        metadata: Payload | None = None,
        files: Sequence[str] = (),
    ) -> StoredMessage:
        """Post a message in a channel or in a thread, whose first message must exist."""
        if self.channels[channel].archived:
            raise RefusalError("is_archived")
        self._check_thread(channel, thread_ts)
        message = StoredMessage(
            ts=self.new_ts(),
            channel=channel,
            user=user,
            text=text,
            blocks=list(blocks),
            thread_ts=thread_ts,
            metadata=metadata,
            files=tuple(files),
        )
        self._messages[channel][message.ts] = message
        self._notify("posted", message)
        return message

    def send_ephemeral(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Sequence[Payload] = (),
        thread_ts: str | None = None,
    ) -> StoredMessage:
        """Post an ephemeral message of the bot to one person."""
        message = StoredMessage(
            ts=self.new_ts(),
            channel=channel,
            user=BOT,
            text=text,
            blocks=list(blocks),
            thread_ts=thread_ts,
            ephemeral_for=user,
        )
        self._messages[channel][message.ts] = message
        self.touch()
        return message

    def edit(self, message: StoredMessage, text: str, blocks: Sequence[Payload] | None) -> None:
        """Replace a message's text and, unless `None`, its blocks."""
        message.edits.append((message.text, message.blocks))
        message.text = text
        if blocks is not None:
            message.blocks = list(blocks)
        message.edited_ts = self.new_ts()
        self._notify("edited", message)

    def delete(self, message: StoredMessage) -> None:
        """Delete a message; its replies stay, but their thread accepts no more."""
        del self._messages[message.channel][message.ts]
        self._notify("deleted", message)

    def find(self, channel: str, ts: str) -> StoredMessage | None:
        """Return a message, also an ephemeral one, or `None`."""
        return self._messages.get(channel, {}).get(ts)

    def locate(self, ts: str) -> StoredMessage:
        """Return a message by its `ts` alone, which is unique here. Raises `RefusalError`."""
        for messages in self._messages.values():
            if ts in messages:
                return messages[ts]
        raise RefusalError("message_not_found")

    def message(self, channel: str, ts: str) -> StoredMessage:
        """Return a message that is not ephemeral. Raises `RefusalError`."""
        message = self.find(channel, ts)
        if message is None or message.ephemeral_for is not None:
            raise RefusalError("message_not_found")
        return message

    def all_in(self, channel: str) -> list[StoredMessage]:
        """Return all messages of a channel, with replies and ephemeral ones, oldest first."""
        return list(self._messages[channel].values())

    def history(self, channel: str) -> list[StoredMessage]:
        """Return the messages outside of threads that are not ephemeral, oldest first."""
        return [
            message for message in self._public(channel) if message.thread_ts in {None, message.ts}
        ]

    def thread(self, channel: str, ts: str) -> list[StoredMessage]:
        """Return a thread, its first message first."""
        first = self.message(channel, ts)
        return [first, *(message for message in self._public(channel) if message.thread_ts == ts)]

    def reply_counts(self, channel: str) -> Counter[str]:
        """Return how many replies each message of a channel has."""
        return Counter(message.thread_ts for message in self._public(channel) if message.thread_ts)

    def posts_of(self, job_id: str) -> list[StoredMessage]:
        """Return the messages whose metadata names this job, in all channels."""
        return [
            message
            for channel in self._messages
            for message in self._public(channel)
            if message.job_id == job_id
        ]

    def shares_of(self, job_id: str) -> list[StoredMessage]:
        """Return the bot's messages with files in the threads of this job's messages."""
        roots = {
            (message.channel, message.thread_ts or message.ts) for message in self.posts_of(job_id)
        }
        return [
            message
            for channel, ts in sorted(roots)
            for message in self._public(channel)
            if message.thread_ts == ts and message.user == BOT and message.files
        ]

    def _check_thread(self, channel: str, thread_ts: str | None) -> None:
        if thread_ts is None:
            return
        first = self.find(channel, thread_ts)
        if first is None or first.ephemeral_for is not None:
            raise RefusalError("thread_not_found")
        if first.thread_ts is not None:
            raise RefusalError("cannot_reply_to_message")

    def _public(self, channel: str) -> Iterator[StoredMessage]:
        return (
            message for message in self._messages[channel].values() if message.ephemeral_for is None
        )

    def _notify(self, change: str, message: StoredMessage) -> None:
        self.touch()
        for listener in self.listeners:
            listener(change, message)
