"""Payloads in the shape of those that Slack's own SDKs are tested with, with the sandbox's IDs.

They have fields that the simulated Slack does not send: tokens, domains, organisations, nulls and
empty texts. The shapes are those of
https://github.com/slackapi/bolt-python/tree/main/tests/scenario_tests_async and of
https://github.com/slackapi/java-slack-sdk/tree/main/json-logs/samples .
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.slack.entities import ANA, APP, BOT, BOT_ID, GENERAL, PARTNER, TEAM, Payload

ORGANISATION = "E0STUDIO"
OWN_TEAM: Mapping[str, object] = {
    "id": TEAM,
    "domain": "studio",
    "enterprise_id": ORGANISATION,
    "enterprise_name": "Studio Group",
}
PARTNER_TEAM: Mapping[str, object] = {
    "id": PARTNER,
    "domain": "partner",
    "enterprise_id": "E0PARTNER",
    "enterprise_name": "Partner Group",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What differs with each request."""

    ts: str
    """Of a message that stands in the channel, and of the click on a button."""
    trigger_id: str
    response_url: str
    job_id: str
    """Of a job that is done."""


def _present(fields: Mapping[str, object]) -> Payload:
    """Return the fields that are not `...`."""
    return {name: value for name, value in fields.items() if value is not ...}


def authorization(**fields: object) -> Payload:
    """Return the installation that an event is for."""
    return {
        "enterprise_id": None,
        "team_id": TEAM,
        "user_id": BOT,
        "is_bot": True,
        "is_enterprise_install": False,
        **fields,
    }


def enveloped(moment: Moment, event: Mapping[str, object], **envelope: object) -> Payload:
    """Return an event in its envelope; a field that is `...` is left out."""
    fields: Payload = {
        "token": "verification-token",
        "team_id": TEAM,
        "enterprise_id": ORGANISATION,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": _present(event),
        "type": "event_callback",
        "event_id": f"Ev{moment.ts}",
        "event_time": int(float(moment.ts)),
        "authed_users": [],
        "authorizations": [authorization()],
        "is_ext_shared_channel": False,
        "event_context": f"1-message-{TEAM}-{GENERAL}",
        **envelope,
    }
    return _present(fields)


def message(moment: Moment, text: str, /, **fields: object) -> Payload:
    """Return a message of Ana's in the general channel, with its words as a block too."""
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {
        "client_msg_id": "b2d1d3f0-0000-4000-8000-000000000000",
        "type": "message",
        "text": text,
        "user": ANA,
        "ts": moment.ts,
        "team": TEAM,
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [words]}],
        "channel": GENERAL,
        "event_ts": moment.ts,
        "channel_type": "channel",
        **fields,
    }


def mention(moment: Moment, text: str, /, **fields: object) -> Payload:
    """Return a mention of the bot, with the elements of a block that Slack makes of it."""
    said = [{"type": "user", "user_id": BOT}, {"type": "text", "text": f" {text}"}]
    block = {
        "type": "rich_text",
        "block_id": "b1",
        "elements": [{"type": "rich_text_section", "elements": said}],
    }
    whole = message(moment, f"<@{BOT}> {text}", type="app_mention", blocks=[block])
    return {**whole, **fields}


def changed(moment: Moment, text: str, /, **fields: object) -> Payload:
    """Return the event of an edit, in which neither the message nor the one before has a `ts`."""
    edited: Payload = {
        "type": "message",
        "text": text,
        "user": ANA,
        "team": TEAM,
        "edited": {"user": ANA, "ts": moment.ts},
    }
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": edited,
        "previous_message": {"type": "message", "text": "before", "user": ANA, "team": TEAM},
        "channel": GENERAL,
        "hidden": True,
        "ts": moment.ts,
        "event_ts": moment.ts,
        "channel_type": "channel",
        **fields,
    }


def file(**fields: object) -> Payload:
    """Return a file of a message, of which Slack's sample has many sizes and empty texts."""
    return {
        "id": "F0SAMPLE",
        "created": 1652227642,
        "name": "notes.txt",
        "title": "notes.txt",
        "mimetype": "text/plain",
        "filetype": "text",
        "pretty_type": "Plain Text",
        "user": ANA,
        "size": 92582,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "username": "",
        "url_private": "https://files.slack.com/files-pri/T0STUDIO-F0SAMPLE/notes.txt",
        "thumb_tiny": "AwAPADCk",
        **fields,
    }


def command(moment: Moment, text: str, /, **fields: str) -> Payload:
    """Return a slash command; its fields are those of a form, so none is null."""
    return {
        "token": "verification-token",
        "api_app_id": APP,
        "team_id": TEAM,
        "team_domain": "studio",
        "enterprise_id": ORGANISATION,
        "enterprise_name": "Studio Group",
        "channel_id": GENERAL,
        "channel_name": "general",
        "user_id": ANA,
        "user_name": "ana",
        "command": "/video",
        "text": text,
        "response_url": moment.response_url,
        "trigger_id": moment.trigger_id,
        "is_enterprise_install": "false",
        **fields,
    }


def interaction(kind: str, moment: Moment, /, **fields: object) -> Payload:
    """Return what all interactions have; a field that is `...` is left out."""
    payload: Payload = {
        "type": kind,
        "token": "verification-token",
        "api_app_id": APP,
        "action_ts": moment.ts,
        "team": dict(OWN_TEAM),
        "user": {"id": ANA, "username": "ana", "name": "ana", "team_id": TEAM},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": moment.trigger_id,
        **fields,
    }
    return _present(payload)


def click(moment: Moment, action_id: str, value: object, /, **fields: object) -> Payload:
    """Return a click on a button under a message of the bot, in the general channel."""
    label = {"type": "plain_text", "text": "Button", "emoji": True}
    pressed: Payload = {
        "action_id": action_id,
        "block_id": "b1",
        "text": label,
        "value": value,
        "type": "button",
        "action_ts": moment.ts,
    }
    container = {"type": "message", "message_ts": moment.ts, "channel_id": GENERAL}
    usual: Payload = {
        "container": {**container, "is_ephemeral": False, "thread_ts": ""},
        "channel": {"id": GENERAL, "name": "general"},
        "message": {
            "type": "message",
            "subtype": "bot_message",
            "bot_id": BOT_ID,
            "user": BOT,
            "team": TEAM,
            "ts": moment.ts,
            "text": "",
            "attachments": None,
        },
        "state": {"values": {}},
        "response_url": moment.response_url,
        "actions": [pressed],
    }
    return interaction("block_actions", moment, **(usual | fields))


def shortcut(moment: Moment, callback_id: str, /, **fields: object) -> Payload:
    """Return a global shortcut, which has neither channel nor `response_url`."""
    return interaction("shortcut", moment, callback_id=callback_id, **fields)


def message_shortcut(moment: Moment, callback_id: str, text: str, /, **fields: object) -> Payload:
    """Return a shortcut in a message's menu."""
    chosen = message(moment, text, subtype="", username="", attachments=None, files=None)
    usual: Payload = {
        "channel": {"id": GENERAL, "name": "general"},
        "callback_id": callback_id,
        "message_ts": moment.ts,
        "message": chosen,
        "response_url": moment.response_url,
    }
    return interaction("message_action", moment, **(usual | fields))


def view(moment: Moment, callback_id: str, metadata: str, /, **fields: object) -> Payload:
    """Return a modal with one field for text."""
    element = {"type": "plain_text_input", "action_id": "kling-v3"}
    label = {"type": "plain_text", "text": "Prompt", "emoji": True}
    return {
        "id": f"V{moment.ts}",
        "team_id": TEAM,
        "type": "modal",
        "blocks": [
            {"type": "input", "block_id": "option:prompt", "label": label, "element": element},
            {"type": "divider", "block_id": "d1"},
        ],
        "private_metadata": metadata,
        "callback_id": callback_id,
        "external_id": "",
        "state": {"values": {}},
        "hash": f"{moment.ts}.hash",
        "title": {"type": "plain_text", "text": "Create a video", "emoji": False},
        "submit": {"type": "plain_text", "text": "Create", "emoji": False},
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "root_view_id": f"V{moment.ts}",
        "previous_view_id": None,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT_ID,
        **fields,
    }


def submission(moment: Moment, of_view: Mapping[str, object], **fields: object) -> Payload:
    """Return a submitted modal."""
    usual: Payload = {"view": dict(of_view), "response_urls": []}
    return interaction("view_submission", moment, **(usual | fields))


def closed(moment: Moment, of_view: Mapping[str, object], **fields: object) -> Payload:
    """Return a modal that was closed, which comes only if the app asked for it."""
    usual: Payload = {"view": dict(of_view), "is_cleared": False}
    return interaction("view_closed", moment, **(usual | fields))
