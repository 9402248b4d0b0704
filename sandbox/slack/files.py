"""The simulated workspace's files: reserved, filled, completed, shared, deleted."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sandbox.slack.entities import BOT, RefusalError
from sandbox.slack.workspace import Workspace


class Progress(StrEnum):
    """How far a file has come."""

    RESERVED = "reserved"
    UPLOADED = "uploaded"
    COMPLETED = "completed"
    DELETED = "deleted"


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file; `size` in bytes as announced, `shares` the `ts` of the messages by channel."""

    id: str
    name: str
    title: str
    size: int
    owner: str
    path: Path
    alt: str = ""
    progress: Progress = Progress.RESERVED
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def mimetype(self) -> str:
        """What Slack tells by the name's ending."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class FileStore:
    """All files, their bytes in `folder`. `largest` is the workspace's limit in bytes."""

    def __init__(self, workspace: Workspace, folder: Path, *, largest: int = 2**30) -> None:
        self.files: dict[str, StoredFile] = {}
        self.largest = largest
        self._workspace = workspace
        self._folder = folder

    def reserve(self, *, name: str, size: int, alt: str, owner: str) -> StoredFile:
        """Announce a file. Refused when it is larger than the workspace takes."""
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
        """Write a file's bytes and return how many came; too few or too many leave it reserved."""
        received = 0
        with file.path.open("wb") as target:
            async for chunk in chunks:
                received += len(chunk)
                target.write(chunk)
        if received == file.size and file.progress is Progress.RESERVED:
            file.progress = Progress.UPLOADED
        return received

    async def put(self, *, name: str, owner: str, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take a person's file, whole and visible at once."""
        file = self.reserve(name=name, size=0, alt="", owner=owner)
        file.size = await self._fill(file, chunks)
        file.progress = Progress.COMPLETED
        return file

    def complete(self, file_id: str, title: str | None) -> StoredFile:
        """Finish an upload. Slack takes this once a file."""
        file = self.files.get(file_id)
        if file is None or file.progress is not Progress.UPLOADED:
            raise RefusalError("file_not_found")
        file.progress = Progress.COMPLETED
        file.title = title or file.name
        return file

    def file(self, file_id: str) -> StoredFile:
        """Return a file whose bytes are there."""
        file = self.files.get(file_id)
        if file is None or file.progress is Progress.RESERVED:
            raise RefusalError("file_not_found")
        if file.progress is Progress.DELETED:
            raise RefusalError("file_deleted")
        return file

    def delete(self, file_id: str) -> None:
        """Remove a file for everybody, by the bot or by a person."""
        file = self.file(file_id)
        file.progress = Progress.DELETED
        file.path.unlink(missing_ok=True)
        self._workspace.touch()

    def ours(self) -> list[StoredFile]:
        """Return the bot's files that stand, whether shared or not."""
        return [
            file
            for file in self.files.values()
            if file.owner == BOT and file.progress is not Progress.DELETED
        ]

    async def _fill(self, file: StoredFile, chunks: AsyncIterator[bytes]) -> int:
        size = 0
        with file.path.open("wb") as target:
            async for chunk in chunks:
                size += len(chunk)
                target.write(chunk)
        return size
