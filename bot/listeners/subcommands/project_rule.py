"""`/video settings require project …`: whether each request in a channel names its project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.budget_view import in_charge
from bot.jobs.projects import REQUIRE_PROJECT
from bot.jobs.services import Services
from bot.messages import subscriptions
from bot.notifications.setting import change_setting
from storage.notification import team_scope

_EVERYWHERE = frozenset({"everywhere", "workspace", "team"})
_SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Whether each request names a project, in a channel or in the whole workspace."""

    is_on: bool
    is_everywhere: bool


def read_requirement(words: Sequence[str]) -> Requirement | None:
    """Return what the words after `require project` set; `None`: they are something else."""
    match words:
        case [] | ["here"]:
            return Requirement(is_on=True, is_everywhere=False)
        case [switch] | ["here", switch] if switch in _SWITCHES:
            return Requirement(is_on=_SWITCHES[switch], is_everywhere=False)
        case [place] if place in _EVERYWHERE:
            return Requirement(is_on=True, is_everywhere=True)
        case [place, switch] if place in _EVERYWHERE and switch in _SWITCHES:
            return Requirement(is_on=_SWITCHES[switch], is_everywhere=True)
        case _:
            return None


async def require_project(
    change: Requirement, interaction: Interaction, services: Services
) -> Message:
    """Set the requirement; committed when it returns. Idempotent.

    A channel is told of its own. That of the workspace is for those who change budgets.
    """
    value = True if change.is_on else None
    if not change.is_everywhere:
        await change_setting(REQUIRE_PROJECT, value, interaction.channel, interaction, services)
    elif interaction.user in await in_charge(interaction.team, services):
        await services.store.settings.set(team_scope(interaction.team), REQUIRE_PROJECT, value)
    else:
        return subscriptions.not_for_everywhere()
    return subscriptions.requirement_set(is_on=change.is_on, is_everywhere=change.is_everywhere)
