"""The processes of a service, each started again a while after it was killed, as platforms do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sandbox.slack.entities import Payload, RefusalError

RESTART_SECONDS = 20.0
"""How long a process that was killed stays away: longer than others need to take over its work."""


@dataclass(slots=True)
class _Member:
    """One process, or the pause between two of its lives."""

    command: Sequence[str]
    process: asyncio.subprocess.Process | None = None


@dataclass(slots=True, kw_only=True)
class Formation:
    """Processes by name. `release` is a command that must end before they start."""

    commands: Mapping[str, Sequence[str]]
    release: Sequence[str]
    restart_seconds: float = RESTART_SECONDS
    on_change: Callable[[], None] = lambda: None
    """Called whenever a process starts or ends."""
    _members: dict[str, _Member] = field(default_factory=dict)

    @asynccontextmanager
    async def running(self, environment: Mapping[str, str]) -> AsyncIterator[None]:
        """Run them with this environment while the context lasts.

        Each has its own name in PROCESS_NAME. Raises `ChildProcessError` if the release fails.
        """
        variables = {**os.environ, **environment}
        release = await asyncio.create_subprocess_exec(*self.release, env=variables)
        if await release.wait() != 0:
            raise ChildProcessError("The tables could not be made; the lines above say why.")
        self._members = {name: _Member(command) for name, command in self.commands.items()}
        keepers = [
            asyncio.create_task(self._keep(member, {**variables, "PROCESS_NAME": name}))
            for name, member in self._members.items()
        ]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await asyncio.gather(*(_stopped(member) for member in self._members.values()))

    def kill(self, name: str) -> None:
        """Kill a process as a failing machine would. Raises `RefusalError` for an unknown one."""
        if name not in self._members:
            raise RefusalError("process_not_found")
        process = self._members[name].process
        if process is not None and process.returncode is None:
            process.kill()

    def states(self) -> list[Payload]:
        """Return the processes as the page reads them."""
        return [
            {"name": name, "pid": None if member.process is None else member.process.pid}
            for name, member in self._members.items()
        ]

    async def _keep(self, member: _Member, variables: Mapping[str, str]) -> None:
        """Start a process, and again whenever it ended."""
        while True:
            member.process = await asyncio.create_subprocess_exec(*member.command, env=variables)
            self.on_change()
            await member.process.wait()
            member.process = None
            self.on_change()
            await asyncio.sleep(self.restart_seconds)


async def _stopped(member: _Member) -> None:
    if member.process is not None:
        with suppress(ProcessLookupError):
            member.process.terminate()
        await member.process.wait()
