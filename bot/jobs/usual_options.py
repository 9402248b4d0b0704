"""The options that a request has unless it says otherwise, as people have set them in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.jobs.projects import REQUIRE_PROJECT, project_in
from bot.jobs.services import Services
from bot.options.defaults import DEFAULTS
from storage.job import Json
from storage.notification import channel_scope, person_scope, team_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualOptions:
    """The default options of a person and of a channel, the slug as `model` among them."""

    of_person: Mapping[str, Json]
    of_channel: Mapping[str, Json]
    needs_project: bool
    """Whether each request in the channel, or in the whole workspace, has to name a project."""

    @property
    def values(self) -> Mapping[str, Json]:
        """The person's own defaults, and beneath them those of the channel."""
        return {**self.of_channel, **self.of_person}

    @property
    def project(self) -> str | None:
        """The default project of the person, else of the channel."""
        return project_in(self.of_person) or project_in(self.of_channel)


async def load_usual_options(
    team: str, user: str, channel: str, services: Services
) -> UsualOptions:
    """Return the default options of a user in a channel, by one read. Raises `StoreError`."""
    person, place = person_scope(team, user), channel_scope(team, channel)
    workspace = team_scope(team)
    found = await services.store.settings.some(
        (person, place, workspace), (DEFAULTS, REQUIRE_PROJECT)
    )
    return UsualOptions(
        of_person=_options(found.get((person, DEFAULTS))),
        of_channel=_options(found.get((place, DEFAULTS))),
        needs_project=any(
            found.get((scope, REQUIRE_PROJECT)) is True for scope in (place, workspace)
        ),
    )


def _options(stored: Json) -> Mapping[str, Json]:
    return stored if isinstance(stored, Mapping) else {}
