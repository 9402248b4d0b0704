"""Tests of the two workspaces of a payload: where the bot is installed, and the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from pydantic import ValidationError
from slack_bolt.request.internals import extract_team_id

from bot.listeners.payloads import (
    ButtonPayload,
    CommandPayload,
    FormPayload,
    MessagePayload,
    MessageShortcutPayload,
    ShortcutPayload,
)
from bot.listeners.workspaces import installed_team, user_team

OURS, PARTNER = "T0STUDIO", "T0PARTNER"
OUR_ORG, THEIR_ORG = "E0STUDIO", "E0PARTNER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A payload in the shape of Slack's, with the workspaces that it must give."""

    payload: Mapping[str, object]
    user_team: str | None
    as_bolt: bool = True
    """Whether Bolt reads the same workspace."""


def event(envelope: str, *, organisation: str | None = None, **fields: object) -> dict[str, object]:
    """Return a message in an `envelope` of a workspace, for the installation in our workspace."""
    return {
        "type": "event_callback",
        "team_id": envelope,
        "authorizations": [
            {"team_id": OURS, "enterprise_id": organisation, "is_enterprise_install": False}
        ],
        "event": {"type": "message", "user": "U1", "channel": "C1", "ts": "1.2", **fields},
    }


def interaction(team: str | None, user_team: str, **fields: object) -> dict[str, object]:
    """Return an interaction in `team` by a user of `user_team`."""
    return {
        "team": None if team is None else {"id": team, "domain": "some"},
        "user": {"id": "U1", "team_id": user_team},
        "enterprise": None,
        **fields,
    }


VIEW: Mapping[str, object] = {"id": "V1", "team_id": OURS, "app_installed_team_id": OURS}
OWN_MESSAGE: Mapping[str, object] = {"ts": "1.2", "bot_id": "B1", "team": OURS}
CLICK: Mapping[str, object] = {"type": "block_actions", "actions": [{"action_id": "details"}]}

SAMPLES: Mapping[str, Sample] = {
    "event": Sample(payload=event(OURS, team=OURS), user_team=OURS),
    "event, shared, ours outside": Sample(
        payload=event(OURS, team=PARTNER, user_team=PARTNER, source_team=PARTNER),
        user_team=PARTNER,
    ),
    "event, shared, theirs outside": Sample(
        payload=event(PARTNER, team=PARTNER, user_team=PARTNER), user_team=PARTNER
    ),
    "event, our person, theirs outside": Sample(
        payload=event(PARTNER, team=OURS, user_team=OURS), user_team=OURS
    ),
    "event, profile names the workspace": Sample(
        payload=event(OURS, team=OURS, user_profile={"team": PARTNER}), user_team=PARTNER
    ),
    "event, their organisation": Sample(
        payload=event(OURS, team=OURS, user_team=THEIR_ORG, source_team=THEIR_ORG),
        user_team=THEIR_ORG,
    ),
    "event, our organisation": Sample(
        payload=event(OURS, organisation=OUR_ORG, team=OUR_ORG, user_team=OUR_ORG), user_team=None
    ),
    "event, their organisation, ours is one too": Sample(
        payload=event(PARTNER, organisation=OUR_ORG, team=OURS, user_team=THEIR_ORG),
        user_team=THEIR_ORG,
    ),
    "event without a team of its user": Sample(payload=event(PARTNER), user_team=None),
    "event, context alone": Sample(
        payload={"team_id": PARTNER, "context_team_id": OURS, "event": {"team": PARTNER}},
        user_team=PARTNER,
        as_bolt=False,
    ),
    "event of before authorizations": Sample(
        payload={"team_id": OURS, "event": {"type": "message"}}, user_team=None
    ),
    "command": Sample(
        payload={"command": "/video", "team_id": OURS, "user_id": "U1"}, user_team=None
    ),
    "button": Sample(payload=interaction(OURS, OURS, **CLICK), user_team=OURS),
    "button, theirs pressed it": Sample(
        payload=interaction(PARTNER, PARTNER, **CLICK, message=OWN_MESSAGE),
        user_team=PARTNER,
        as_bolt=False,
    ),
    "button, the message is of an organisation": Sample(
        payload=interaction(OURS, OURS, **CLICK, message={**OWN_MESSAGE, "team": OUR_ORG}),
        user_team=OURS,
    ),
    "button in a form": Sample(
        payload=interaction(PARTNER, PARTNER, **CLICK, view=VIEW), user_team=PARTNER
    ),
    "form": Sample(payload=interaction(OURS, OURS, view=VIEW), user_team=OURS),
    "form, opened elsewhere": Sample(
        payload=interaction(PARTNER, PARTNER, view={**VIEW, "team_id": PARTNER}),
        user_team=PARTNER,
    ),
    "shortcut": Sample(payload=interaction(OURS, OURS, type="shortcut"), user_team=OURS),
    "shortcut in an organisation": Sample(
        payload=interaction(None, OURS, type="shortcut", is_enterprise_install=True),
        user_team=OURS,
    ),
    "shortcut on a message of their app": Sample(
        payload=interaction(
            OURS, OURS, type="message_action", message={**OWN_MESSAGE, "team": PARTNER}
        ),
        user_team=OURS,
    ),
    "view of an organisation": Sample(
        payload={"team": None, "view": {"id": "V1", "team_id": OURS}, "user": {"id": "U1"}},
        user_team=None,
        as_bolt=False,
    ),
}

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@each_sample
def test_the_workspace_is_where_the_bot_is_installed(sample: Sample) -> None:
    assert installed_team(sample.payload) == OURS
    if sample.as_bolt:
        assert extract_team_id(dict(sample.payload)) == OURS


@each_sample
def test_the_users_own_workspace_is_read_beside_it(sample: Sample) -> None:
    """An organisation that is the bot's own, too, tells nothing: Slack must be asked."""
    assert user_team(sample.payload) == sample.user_team


def test_a_payload_without_a_workspace_is_refused() -> None:
    with pytest.raises(ValidationError, match="names no workspace"):
        CommandPayload.model_validate({"channel_id": "C1", "user_id": "U1", "trigger_id": "1"})


def test_two_envelopes_of_one_message_are_one_request() -> None:
    """The mention comes under our envelope, the message under the partner's."""
    said = {"team": PARTNER, "user_team": PARTNER, "text": "a lake"}
    ours, theirs = (
        MessagePayload.model_validate(event(team, **said)).interaction("U1", in_thread_of_job=False)
        for team in (OURS, PARTNER)
    )
    assert ours == theirs
    assert (ours.team, ours.user_team) == (OURS, PARTNER)


def test_every_payload_gives_both_workspaces_to_its_interaction() -> None:
    """Also where the envelope, or the place of the click, is the partner's."""
    by_partner = interaction(PARTNER, PARTNER, trigger_id="1", channel={"id": "C1"})
    click = by_partner | dict(CLICK) | {"message": OWN_MESSAGE}
    drawn = {**VIEW, "hash": "h", "private_metadata": "x", "blocks": [], "state": {"values": {}}}
    form = {**by_partner, "view": drawn}
    shortcut = by_partner | {"view": VIEW}
    made = [
        ButtonPayload.model_validate(click).interaction(),
        ButtonPayload.model_validate(click).opening(),
        ShortcutPayload.model_validate(shortcut).interaction(),
        MessageShortcutPayload.model_validate(shortcut | {"message": {"ts": "1.2"}}).interaction(),
    ]
    assert {(one.team, one.user_team) for one in made} == {(OURS, PARTNER)}
    assert all(OURS in one.dedup_key and PARTNER not in one.dedup_key for one in made)
    payload = FormPayload.model_validate(form)
    assert (payload.installed_team, payload.user_team) == (OURS, PARTNER)


def test_a_field_that_is_null_counts_as_missing() -> None:
    """Slack sends either for what does not apply, and an ask must not be lost for it."""
    nulls = dict.fromkeys(("channel_type", "files", "text", "blocks", "subtype", "thread_ts"))
    message = MessagePayload.model_validate(event(OURS, **nulls)).event
    assert (message.channel_type, message.files, message.attached) == ("", (), ())
    action = {"action_id": "details", "value": None, "action_ts": "1.2"}
    clicked = interaction(OURS, OURS, container=None, trigger_id=None, actions=[action])
    click = ButtonPayload.model_validate(clicked)
    assert (click.action.value, click.container.thread_ts, click.trigger_id) == ("", None, "")
    typed = {"team_id": OURS, "channel_id": "C1", "user_id": "U1", "trigger_id": "1", "text": None}
    assert CommandPayload.model_validate(typed).text == ""
