"""The simulated workspace's files, from the reserved upload to the deletion."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sandbox.slack.entities import BOT, RefusalError
from sandbox.slack.workspace import Workspace

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object"""


class FileStatus(StrEnum):
    """The status of a file, from its reserved upload on."""

    RESERVED = "reserved"
    UPLOADED = "uploaded"
    COMPLETED = "completed"
    HIDDEN = "hidden"
    """By the free plan, for its age."""
    DELETED = "deleted"


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file; `size` in bytes as announced, `shares` the `ts` of its messages by channel ID."""

    id: str
    name: str
    title: str
    size: int
    owner: str
    path: Path
    alt: str = ""
    status: FileStatus = FileStatus.RESERVED
    completed_at: float = 0.0
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def mimetype(self) -> str:
        """The type that Slack derives from the name's extension."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class FileStore:
    """All files, their bytes in `folder`. `largest` is the workspace's limit in bytes."""

    def __init__(self, workspace: Workspace, folder: Path, *, largest: int = 2**30) -> None:
        self.files: dict[str, StoredFile] = {}
        self.largest = largest
        self.processing_seconds = 0.0
        """How long Slack takes to find out what a completed file is."""
        self._workspace = workspace
        self._folder = folder

    def reserve(self, *, name: str, size: int, alt: str, owner: str) -> StoredFile:
        """Reserve an upload. Raises `RefusalError` when `size` is larger than `largest`."""
        if size > self.largest:
            raise RefusalError("file_upload_size_restricted")
        file_id = self._workspace.new_id("F")
        file = StoredFile(
            id=file_id,
            name=name,
            title=name,
            size=size,
            owner=owner,
            alt=alt,
            path=self._folder / file_id,
        )
        self.files[file_id] = file
        return file

    async def receive(self, file: StoredFile, chunks: AsyncIterator[bytes]) -> int:
        """Write a file's bytes and return their number; a wrong number leaves it reserved."""
        received = await _write(file.path, chunks)
        if received == file.size and file.status is FileStatus.RESERVED:
            file.status = FileStatus.UPLOADED
        return received

    async def put(self, *, name: str, owner: str, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store a person's file, which is complete at once."""
        file = self.reserve(name=name, size=0, alt="", owner=owner)
        file.size = await _write(file.path, chunks)
        file.status = FileStatus.COMPLETED
        return file

    def complete(self, file_id: str, title: str | None) -> StoredFile:
        """Complete an upload. Slack accepts this once per file."""
        file = self.files.get(file_id)
        if file is None or file.status is not FileStatus.UPLOADED:
            raise RefusalError("file_not_found")
        file.status = FileStatus.COMPLETED
        file.completed_at = self._workspace.now()
        file.title = title or file.name
        return file

    def is_processed(self, file: StoredFile) -> bool:
        """Return whether Slack knows what a file is: it tells its type, and blocks may show it."""
        ready_at = file.completed_at + self.processing_seconds
        return file.status is FileStatus.COMPLETED and self._workspace.now() >= ready_at

    def may_show(self, file_id: str) -> bool:
        """Return whether blocks of the bot may show a file as a picture."""
        file = self.files.get(file_id)
        return (
            file is not None
            and self.is_processed(file)
            and file.mimetype in PICTURES
            and (file.owner == BOT or bool(file.shares))
        )

    def file(self, file_id: str) -> StoredFile:
        """Return a file whose bytes arrived. Raises `RefusalError`."""
        file = self.files.get(file_id)
        if file is None or file.status is FileStatus.RESERVED:
            raise RefusalError("file_not_found")
        if file.status is FileStatus.DELETED:
            raise RefusalError("file_deleted")
        return file

    def delete(self, file_id: str) -> None:
        """Delete a file, on behalf of the bot or of a person."""
        file = self.file(file_id)
        file.status = FileStatus.DELETED
        file.path.unlink(missing_ok=True)
        self._workspace.touch()

    def hide(self, file_id: str) -> None:
        """Hide a file, as the free plan does after 90 days."""
        self.file(file_id).status = FileStatus.HIDDEN
        self._workspace.touch()

    def bot_files(self) -> list[StoredFile]:
        """Return the bot's files that are not deleted, shared or not."""
        return [
            file
            for file in self.files.values()
            if file.owner == BOT and file.status is not FileStatus.DELETED
        ]


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> int:
    size = 0
    with path.open("wb") as target:
        async for chunk in chunks:
            size += len(chunk)
            target.write(chunk)
    return size
