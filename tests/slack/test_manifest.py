"""The manifest: what Slack would say to it, and what the bot needs of it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from bot.options.catalog import Catalog
from bot.slack.manifest import COMMAND, SCOPES, build_manifest
from tools.docs import README

URL = "https://videos.example.com/slack/events"

# The rules that concern us of https://docs.slack.dev/reference/app-manifest
HTTPS = {"type": "string", "pattern": "^https://"}
RULES = {
    "type": "object",
    "required": ["display_information", "features", "oauth_config", "settings"],
    "additionalProperties": False,
    "properties": {
        "display_information": {
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "maxLength": 35},
                "description": {"type": "string", "maxLength": 140},
                "background_color": {"pattern": "^#[0-9a-f]{6}$"},
            },
        },
        "features": {
            "additionalProperties": False,
            "properties": {
                "app_home": {
                    "additionalProperties": False,
                    "properties": {
                        "home_tab_enabled": {"const": True},
                        "messages_tab_enabled": {"const": True},
                        "messages_tab_read_only_enabled": {"const": False},
                    },
                    "minProperties": 3,
                },
                "agent_view": {
                    "additionalProperties": False,
                    "required": ["agent_description"],
                    "properties": {"agent_description": {"type": "string", "maxLength": 300}},
                },
                "bot_user": {
                    "additionalProperties": False,
                    "required": ["display_name"],
                    "properties": {
                        "display_name": {"pattern": "^[a-z0-9._-]{1,80}$"},
                        "always_online": {"type": "boolean"},
                    },
                },
                "slash_commands": {
                    "maxItems": 50,
                    "items": {
                        "additionalProperties": False,
                        "required": ["command", "description"],
                        "properties": {
                            "command": {"pattern": "^/[a-z_-]{1,31}$"},
                            "description": {"type": "string", "maxLength": 2000},
                            "usage_hint": {"type": "string", "maxLength": 1000},
                            "should_escape": {"type": "boolean"},
                            "url": HTTPS,
                        },
                    },
                },
                "shortcuts": {
                    "maxItems": 10,
                    "items": {
                        "additionalProperties": False,
                        "required": ["name", "type", "callback_id", "description"],
                        "properties": {
                            "name": {"type": "string", "maxLength": 24},
                            "type": {"enum": ["global", "message"]},
                            "callback_id": {"type": "string", "maxLength": 255},
                            "description": {"type": "string", "maxLength": 150},
                        },
                    },
                },
            },
        },
        "oauth_config": {
            "properties": {
                "scopes": {
                    "additionalProperties": False,
                    "properties": {"bot": {"maxItems": 255, "uniqueItems": True}},
                },
            },
        },
        "settings": {
            "additionalProperties": False,
            "properties": {
                "event_subscriptions": {
                    "additionalProperties": False,
                    "properties": {"bot_events": {"maxItems": 100}, "request_url": HTTPS},
                },
                "interactivity": {
                    "additionalProperties": False,
                    "required": ["is_enabled"],
                    "properties": {"is_enabled": {"const": True}, "request_url": HTTPS},
                },
                "socket_mode_enabled": {"type": "boolean"},
                "org_deploy_enabled": {"type": "boolean"},
                "token_rotation_enabled": {"const": False},
            },
        },
    },
}

# https://docs.slack.dev/reference/events: what each event asks for; the others ask for nothing.
SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    # Of a private channel: `groups:read`.
    "member_joined_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


def manifest(url: str | None = None) -> dict[str, Any]:
    """Return it as Slack reads it, from its JSON."""
    read: dict[str, Any] = json.loads(json.dumps(build_manifest(Catalog.load().default, url)))
    return read


@pytest.mark.parametrize("url", [None, URL])
def test_slack_would_take_it(url: str | None) -> None:
    jsonschema.validate(manifest(url), RULES)


def test_socket_mode_has_no_address() -> None:
    assert manifest()["settings"]["socket_mode_enabled"] is True
    assert "url" not in json.dumps(manifest())


@pytest.mark.parametrize(
    "given", [URL, "https://videos.example.com", "https://videos.example.com/"]
)
def test_http_sends_everything_to_one_path(given: str) -> None:
    built = manifest(given)
    settings = built["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == URL
    assert settings["interactivity"]["request_url"] == URL
    assert [command["url"] for command in built["features"]["slash_commands"]] == [URL]


def test_every_event_has_the_scope_that_it_needs() -> None:
    built = manifest()
    granted = built["oauth_config"]["scopes"]["bot"]
    assert granted == list(SCOPES)
    for event in built["settings"]["event_subscriptions"]["bot_events"]:
        assert SCOPE_OF_EVENT.get(event, "commands") in granted


def test_the_hint_comes_from_the_models_schema() -> None:
    (command,) = manifest()["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert "[--mode std|pro|4k] [--duration 5]" in command["usage_hint"]
    assert "--negative-prompt" not in command["usage_hint"]


def test_the_bots_name_is_the_one_that_the_readme_mentions() -> None:
    manifest = build_manifest(Catalog.load().default)
    features = manifest["features"]
    assert isinstance(features, dict)
    bot_user = features["bot_user"]
    assert isinstance(bot_user, dict)
    mentioned = set(re.findall(r"`@(\w+) ", README.path.read_text(encoding="utf-8")))
    assert mentioned == {bot_user["display_name"]}
