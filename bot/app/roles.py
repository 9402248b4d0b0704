"""The roles of a process: which parts of the service it runs."""

from __future__ import annotations

from dataclasses import dataclass

from bot.base.errors import ConfigurationError
from bot.base.setting_groups import StoreSettings

_NO_WORKER = (
    "There can be one process only, because DATABASE_URL names an SQLite file: start"
    " `python -m bot web` or `python -m bot run`, which do all of the work, and no worker. With"
    " DATABASE_URL=postgresql://… there can be many."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The parts of the service that a process runs; every other part, another one does."""

    name: str
    """The command that starts such a process."""
    listens: bool
    """It takes Slack's requests, and serves the images that MindVideo fetches."""
    works: bool
    """It runs the engines of jobs, notifications and Home tabs, and the chores."""
    migrates: bool
    """It brings the tables of the store up to date when it starts."""


ALL = Role(name="run", listens=True, works=True, migrates=True)
WEB = Role(name="web", listens=True, works=False, migrates=False)
WORKER = Role(name="worker", listens=False, works=True, migrates=False)


def role_on(settings: StoreSettings, wanted: Role) -> Role:
    """Return the role of a process on this store: what listens to a file also works.

    Raises `ConfigurationError` for a process that only works on a file: another one owns it.
    """
    if settings.is_postgres:
        return wanted
    if not wanted.listens:
        raise ConfigurationError(_NO_WORKER)
    return ALL
