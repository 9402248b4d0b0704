"""Which workspace a payload of Slack's is for, and which one its user belongs to.

In a channel that is shared with another organisation, the `team_id` of an envelope can be that of
the other organisation. https://docs.slack.dev/apis/slack-connect
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import model_validator

from bot.listeners.slack_object import SlackObject

Fields: TypeAlias = Mapping[str, object]
"""A JSON object of Slack's."""


class SlackPayload(SlackObject):
    """The base of all payloads: the two workspaces, which every kind of payload names elsewhere."""

    installed_team: str = ""
    """The workspace where the bot is installed; never empty."""
    user_team: str | None = None
    """The workspace, or the organisation (`E…`), of the user; `None`: the payload does not tell."""

    @model_validator(mode="before")
    @classmethod
    def _with_workspaces(cls, payload: Fields) -> Fields:
        team = installed_team(payload)
        if team is None:
            raise ValueError("the payload names no workspace")
        return {**payload, "installed_team": team, "user_team": user_team(payload)}


def installed_team(payload: Fields) -> str | None:
    """Return the workspace for which the bot gets the payload, where it is installed.

    The order is that of Bolt, with two fields more: `context_team_id`, and the workspace of the
    message whose button was clicked, because that message is the bot's own.
    https://github.com/slackapi/bolt-python/blob/main/slack_bolt/request/internals.py
    """
    view, authorization = _object(payload, "view"), _authorization(payload)
    found = (
        _text(view, "app_installed_team_id"),
        _text(authorization, "team_id"),
        _text(payload, "context_team_id"),
        _team_of_clicked_message(payload),
        # `null` where the app is installed in a whole organisation.
        _text(_object(payload, "team"), "id"),
        _text(payload, "team_id"),
        _text(_object(payload, "user"), "team_id"),
        _text(view, "team_id"),
    )
    return next(filter(None, found), None)


def user_team(payload: Fields) -> str | None:
    """Return the workspace to which the payload's user belongs, or their organisation (`E…`).

    `None`: the payload does not tell. It tells of an organisation that is the bot's own, too, only
    that: the user may be a member of any of its workspaces.
    """
    event = _object(payload, "event")
    # The `team` of an event is the author's, unless one of the others stands beside it.
    found = (
        _text(event, "user_team"),
        _text(_object(event, "user_profile"), "team"),
        _text(event, "source_team"),
        _text(event, "team"),
        _text(_object(payload, "user"), "team_id"),
    )
    team = next(filter(None, found), None)
    return None if team is None or team in _own_organisations(payload) else team


def _team_of_clicked_message(payload: Fields) -> str | None:
    message = _object(payload, "message")
    team = _text(message, "team")
    is_ours = "actions" in payload and _text(message, "bot_id") is not None
    return team if is_ours and team is not None and team.startswith("T") else None


def _own_organisations(payload: Fields) -> tuple[str | None, ...]:
    """Return the IDs that mean the organisation of the installation."""
    authorization = _authorization(payload)
    known = _text(authorization, "enterprise_id")
    if authorization:
        return (known,)
    return (
        _text(payload, "context_enterprise_id"),
        _text(payload, "enterprise_id"),
        _text(_object(payload, "enterprise"), "id"),
    )


def _authorization(payload: Fields) -> Fields:
    """Return the installation that an event is for; empty for other payloads."""
    match payload.get("authorizations"):
        case [Mapping() as first, *_]:
            return first
        case _:
            return {}


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value and value.isascii() else None
