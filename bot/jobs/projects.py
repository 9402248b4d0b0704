"""The project whose budget a request counts in: what was asked for, or what is usual there."""

from __future__ import annotations

from collections.abc import Mapping

from bot.base.errors import UsageError
from bot.options.model_file import PROJECT_FLAG
from storage.job import Json

REQUIRE_PROJECT = "require_project"
"""Name of a channel's or a workspace's setting: whether each request there names a project."""


class ProjectNeededError(UsageError):
    """A request without a project, where each has to name one."""


NEEDS_PROJECT = "Say for which project this is: add `--project NAME`."


def choose_project(asked: str | None, usual: str | None, *, is_needed: bool) -> str | None:
    """Return the project of a request; `asked` empty: explicitly none, `None`: the usual one.

    Raises `ProjectNeededError` if there is none where one is needed.
    """
    project = usual if asked is None else asked
    if project:
        return project
    if is_needed:
        raise ProjectNeededError(NEEDS_PROJECT)
    return None


def project_in(defaults: Mapping[str, Json]) -> str | None:
    """Return the project among default options."""
    project = defaults.get(PROJECT_FLAG)
    return project if isinstance(project, str) and project else None
