"""The project whose budget a request counts in: what was asked for, or what is usual there."""

from __future__ import annotations

from collections.abc import Mapping

from bot.base.errors import UsageError
from bot.jobs.services import Services
from bot.options.defaults import DEFAULTS
from bot.options.model_file import PROJECT_FLAG
from storage.job import Json
from storage.notification import channel_scope, person_scope, team_scope

REQUIRE_PROJECT = "require_project"
"""Name of a channel's or a workspace's setting: whether each request there names a project."""


class ProjectNeededError(UsageError):
    """A request without a project, where each has to name one."""


NEEDS_PROJECT = "Say for which project this is: add `--project NAME`."


async def usual_project(team: str, user: str, channel: str, services: Services) -> str | None:
    """Return the default project of a person, else of a channel. Raises `StoreError`."""
    for scope in (person_scope(team, user), channel_scope(team, channel)):
        defaults = await services.store.settings.get(scope, DEFAULTS)
        project = project_in(defaults)
        if project is not None:
            return project
    return None


async def choose_project(
    asked: str | None, team: str, user: str, channel: str, services: Services
) -> str | None:
    """Return the project of a request; `asked` empty: explicitly none, `None`: the usual one.

    Raises `ProjectNeededError` if there is none where one is required, and `StoreError`.
    """
    if asked is None:
        asked = await usual_project(team, user, channel, services)
    if asked:
        return asked
    if await requires_project(team, channel, services):
        raise ProjectNeededError(NEEDS_PROJECT)
    return None


async def requires_project(team: str, channel: str, services: Services) -> bool:
    """Return whether requests in a channel must name a project. Raises `StoreError`."""
    for scope in (channel_scope(team, channel), team_scope(team)):
        if await services.store.settings.get(scope, REQUIRE_PROJECT) is True:
            return True
    return False


def project_in(defaults: Json) -> str | None:
    """Return the project among default options."""
    project = defaults.get(PROJECT_FLAG) if isinstance(defaults, Mapping) else None
    return project if isinstance(project, str) and project else None
