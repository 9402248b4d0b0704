"""A Slack workspace that lives in memory: channels, messages and files, as they truly are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.base.errors import (
    CannotShareFileError,
    NotAMemberError,
    NotFoundError,
    UnreachablePlaceError,
)
from bot.base.ports import FileState, Message, Place
from storage.job import Stage
from tests.simulation.films import pictures_in
from tests.simulation.world import Actor, World


@dataclass(slots=True, kw_only=True)
class Channel:
    """A place for messages; `member` says whether the bot is in it."""

    private: bool = False
    member: bool = True
    archived: bool = False


@dataclass(slots=True, kw_only=True)
class PostedMessage:
    """A message of the bot's, and the job that it was made for."""

    job_id: str
    is_result: bool
    place: Place
    ts: str
    text: str
    files: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    """The files that its blocks show."""
    deleted: bool = False
    taken_back: bool = False
    """Whether it was the bot that deleted it."""


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file of the bot's: reserved, then uploaded, then shared by a message."""

    job_id: str
    length: int
    content: bytes | None = None
    completed: bool = False
    known_at: float | None = None
    """When Slack knows what a file is that was completed alone, so that blocks may show it."""
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Workspace:
    """The truth about Slack. `audit` hears of each effect that concerns a job."""

    world: World
    audit: Callable[[str], None]
    channels: dict[str, Channel] = field(default_factory=dict)
    posts: list[PostedMessage] = field(default_factory=list)
    files: dict[str, StoredFile] = field(default_factory=dict)
    ephemerals: list[tuple[str, str, float]] = field(default_factory=list)
    """Job and text of each ephemeral message, and the age of the world."""
    gone_people: set[str] = field(default_factory=set)
    disturbed: set[str] = field(default_factory=set)
    """Channels that did not take everything all the time."""
    takes_a_file_twice: bool = False
    """Slack's page says that a file can be completed once; believe nothing."""
    orphans_allowed: bool = False
    """Whether one may answer in a thread whose first message was deleted."""
    _last_ts: int = 0

    def enter(self, channel: str) -> None:
        """Let the bot join a public channel."""
        known = self.channels[channel]
        if known.archived:
            raise UnreachablePlaceError("archived", code="is_archived")
        if known.private and not known.member:
            raise NotAMemberError("private", code="channel_not_found")
        known.member = True

    def post(self, place: Place, message: Message, actor: Actor) -> str:
        """Post a message."""
        self._check(place)
        return self._say(place, message, actor, ()).ts

    def marked(self, place: Place, job_id: str, since: float, *, results: bool) -> list[str]:
        """Return our messages in a place that carry a job's ID, or of these the results alone."""
        self._check_readable(place)
        return [
            said.ts
            for said in self.posts
            if said.job_id == job_id
            and (said.is_result or not results)
            and not said.deleted
            and float(said.ts) >= since
            and said.place.channel == place.channel
            and place.thread_ts
            in ({said.place.thread_ts, said.ts} if place.thread_ts else {said.place.thread_ts})
        ]

    def edit(self, channel: str, ts: str, message: Message) -> None:
        """Replace what a message says."""
        self._check(Place(channel=channel))
        for said in self.posts:
            if said.ts == ts and said.place.channel == channel and not said.deleted:
                said.text = message.text
                said.pictures = tuple(filter(self._is_shown, pictures_in(message)))
                self.world.note(f"edit {ts}: {message.text}")
                self.audit(said.job_id)
                return
        raise UnreachablePlaceError("no such message", code="message_not_found")

    def send_ephemeral(self, user: str, message: Message, actor: Actor) -> None:
        """Tell one person privately, by whichever way is open."""
        self.direct(user)
        self.ephemerals.append((actor.job_id, message.text, self.world.age))
        self.world.note(f"ephemeral: {message.text}")

    def direct(self, user: str) -> str:
        """Return the direct conversation with a person."""
        if user in self.gone_people:
            raise UnreachablePlaceError("this person is gone", code="user_disabled")
        self.channels.setdefault(f"D{user}", Channel(private=True))
        return f"D{user}"

    def reserve(self, length: int, actor: Actor) -> str:
        """Announce a file."""
        file_id = f"F{len(self.files) + 1}"
        self.files[file_id] = StoredFile(job_id=actor.job_id, length=length)
        return file_id

    def upload(self, file_id: str, content: bytes) -> None:
        """Take a file's bytes."""
        if not self.files[file_id].deleted:
            self.files[file_id].content = content

    def complete(
        self, file_ids: Sequence[str], place: Place, message: Message, actor: Actor
    ) -> None:
        """Take uploaded files for sharing; the share itself may come late, or never."""
        self._check(place)
        for file_id in file_ids:
            file = self.files[file_id]
            if file.deleted or file.content is None:
                raise NotFoundError("no such file", code="file_not_found")
            if file.completed and not self.takes_a_file_twice:
                raise NotFoundError("already completed", code="file_not_found")
        if self.world.happens("share: not allowed", 0.3):
            raise CannotShareFileError("storage is full", code="storage_limit_reached")
        for file_id in file_ids:
            self.files[file_id].completed = True
        if self.world.happens("share: ok, but never shared"):
            return
        if self.world.happens("share: ok, but shown late"):
            delay = self.world.between(1, 600)
            self.world.later(delay, lambda: self._share(file_ids, place, message, actor))
            return
        self._share(file_ids, place, message, actor)

    def complete_alone(self, file_id: str) -> None:
        """Complete an uploaded file that no message shares."""
        file = self.files[file_id]
        is_done = file.completed and not self.takes_a_file_twice
        if file.deleted or file.content is None or is_done:
            raise NotFoundError("no such upload", code="file_not_found")
        if self.world.happens("complete: not allowed", 0.3):
            raise CannotShareFileError("storage is full", code="storage_limit_reached")
        if not file.completed:
            file.completed = True
            file.known_at = self.world.age + self.world.between(0.5, 10.0)
        self.audit(file.job_id)

    def _is_shown(self, file_id: str) -> bool:
        """Return whether a picture is shown; the adapter leaves out one that was deleted."""
        file = self.files[file_id]
        if not self._is_known(file):
            self.world.violate("only what Slack knows for a picture is shown", file_id)
        return not file.deleted

    def _is_known(self, file: StoredFile) -> bool:
        return file.known_at is not None and self.world.age >= file.known_at

    def file_state(self, file_id: str, channel: str) -> FileState:
        """Tell what is known of a file."""
        file = self.files[file_id]
        if file.deleted:
            raise NotFoundError("the file was deleted", code="file_deleted")
        shared = [
            said.ts
            for said in self.posts
            if file_id in said.files and said.place.channel == channel and not said.deleted
        ]
        return FileState(
            uploaded=file.content is not None,
            shared_ts=min(shared, default=None),
            is_picture=self._is_known(file),
        )

    def content(self, file_id: str) -> bytes:
        """Return a file's bytes."""
        file = self.files[file_id]
        if file.deleted or file.content is None:
            raise NotFoundError("the file was deleted", code="file_deleted")
        return file.content

    def delete_file(self, file_id: str, *, by_bot: bool = True) -> None:
        """Delete a file, and with it the message that only shows it."""
        self.files[file_id].deleted = True
        for said in self.posts:
            gone = said.files and all(self.files[each].deleted for each in said.files)
            if gone and not said.deleted:
                said.deleted, said.taken_back = True, by_bot

    def take_back(self, channel: str, ts: str) -> None:
        """Delete a message of the bot; what is gone stays so. Its files stay, seen by nobody."""
        self._check_readable(Place(channel=channel))
        for said in self.posts:
            if said.ts == ts and said.place.channel == channel and not said.deleted:
                said.deleted, said.taken_back = True, True
                self.world.note(f"take back {ts}")

    def delete(self, said: PostedMessage) -> None:
        """Delete a message, as people do."""
        said.deleted = True
        self.world.note(f"a person deletes {said.ts}")

    def live(self, job_id: str, *, is_result: bool) -> list[PostedMessage]:
        """Return a job's messages, or its results, that stand now."""
        return [
            said
            for said in self.posts
            if said.job_id == job_id and said.is_result is is_result and not said.deleted
        ]

    def _share(self, file_ids: Sequence[str], place: Place, message: Message, actor: Actor) -> None:
        if not any(self.files[file_id].deleted for file_id in file_ids):
            self._say(place, message, actor, tuple(file_ids))

    def _say(
        self, place: Place, message: Message, actor: Actor, files: tuple[str, ...]
    ) -> PostedMessage:
        self._last_ts = max(self._last_ts + 1, int(self.world.now() * 1e6))
        said = PostedMessage(
            job_id=actor.job_id,
            is_result=actor.stage is not Stage.ACCEPTED,
            place=place,
            ts=f"{self._last_ts / 1e6:.6f}",
            text=message.text,
            files=files,
        )
        self.posts.append(said)
        self.world.note(f"post {said.ts} in {place.channel}/{place.thread_ts}: {message.text}")
        self.audit(actor.job_id)
        return said

    def _check(self, place: Place) -> None:
        self._check_readable(place)
        channel = self.channels[place.channel]
        if channel.archived:
            raise UnreachablePlaceError("archived", code="is_archived")
        roots = [said for said in self.posts if said.ts == place.thread_ts]
        if roots and roots[0].deleted and not self.orphans_allowed:
            raise UnreachablePlaceError("no such thread", code="thread_not_found")

    def _check_readable(self, place: Place) -> None:
        channel = self.channels[place.channel]
        if not channel.member:
            code = "channel_not_found" if channel.private else "not_in_channel"
            raise NotAMemberError("the bot is not in the channel", code=code)
