"""The Slack app that this bot needs, as a manifest to paste into api.slack.com/apps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.options.catalog import Model
from bot.options.schema import Kind, Option
from storage.job import Json

COMMAND = "/video"
BOT_NAME = "video"
"""How people mention the bot: `@video`."""
EVENTS_PATH = "/slack/events"
CREATE_VIDEO = "create_video"
"""Callback ID of the global shortcut."""
VIDEO_FROM_MESSAGE = "video_from_message"
"""Callback ID of the message shortcut that opens the form for a video."""
SAVE_TO_CAST = "save_to_cast"
"""Callback ID of the message shortcut that opens the form for a member of the cast."""

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "commands": "offer /video and the shortcuts",
        "chat:write": "post and edit messages",
        "app_mentions:read": "hear @mentions",
        "im:write": "open a direct conversation",
        "channels:join": "enter a public channel, as a file is only shared where the bot is",
        "channels:read": "look up a public channel",
        "groups:read": "look up a private channel",
        "channels:history": "read replies, and look for a post before repeating it",
        "groups:history": "the same in private channels",
        "im:history": "the same in direct messages",
        "mpim:history": "the same in group messages",
        "files:write": "upload the finished videos",
        "files:read": "check what was uploaded, and take in reference images",
        "users:read": "know a person's name and time zone, and who is a guest",
        "usergroups:read": "know the name of a group that a prompt mentions",
        "assistant:write": "be an agent of Slack's, with prompts to begin with",
    },
)
"""Every scope of the bot, and its use. The bot uses each of them: none is requested in advance.

`chat:write.public` is not among them: the bot joins a public channel before it posts.
"""

# https://docs.slack.dev/reference/events; replies in threads arrive as message events.
_EVENTS = (
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)


def build_manifest(model: Model, url: str | None = None) -> dict[str, Json]:
    """Return the manifest for Socket Mode, or for HTTP if Slack reaches the bot at `url`.

    `model` is the default model; its options make the command's hint. The limits of each text:
    https://docs.slack.dev/reference/app-manifest
    """
    # Socket Mode and request URLs exclude each other.
    command_url: dict[str, Json] = {}
    request_url: dict[str, Json] = {}
    if url is not None:
        address = url.rstrip("/").removesuffix(EVENTS_PATH) + EVENTS_PATH
        command_url, request_url = {"url": address}, {"request_url": address}
    return {
        "display_information": {
            "name": "Video Bot",
            "description": "Makes videos from words: one command, one finished video, its cost.",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                # Otherwise people cannot send the bot direct messages.
                "messages_tab_read_only_enabled": False,
            },
            # https://docs.slack.dev/ai/migrating-to-agent-messaging
            "agent_view": {
                "agent_description": "Makes videos from words. Say what to show, and the finished "
                "video comes to Slack, with what it cost.",
            },
            "bot_user": {"display_name": BOT_NAME, "always_online": True},
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "Make a video from words",
                    "usage_hint": _usage_hint(model),
                    # Mentions of channels and people then arrive as IDs, which `notify` needs.
                    "should_escape": True,
                    **command_url,
                },
            ],
            "shortcuts": [
                {
                    "name": "Create a video",
                    "type": "global",
                    "callback_id": CREATE_VIDEO,
                    "description": "Describe a video and have it made",
                },
                {
                    "name": "Make a video from this",
                    "type": "message",
                    "callback_id": VIDEO_FROM_MESSAGE,
                    "description": "Make a video from a message's words and images",
                },
                {
                    "name": "Save to the cast",
                    "type": "message",
                    "callback_id": SAVE_TO_CAST,
                    "description": "Save a message's picture under a name, for videos",
                },
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(_EVENTS), **request_url},
            "interactivity": {"is_enabled": True, **request_url},
            "socket_mode_enabled": url is None,
            "org_deploy_enabled": False,
            "token_rotation_enabled": False,
        },
    }


def _usage_hint(model: Model) -> str:
    """Return the hint that Slack shows after the command: the options that are not advanced."""
    shown = (_option_hint(option) for option in model.options if not option.advanced)
    return " ".join(["what the video shows", *filter(None, shown)])


def _option_hint(option: Option) -> str:
    if option.choices:
        return f"[{option.flag} {'|'.join(map(str, option.choices))}]"
    if option.kind is Kind.INTEGER and option.default is not None:
        return f"[{option.flag} {option.default}]"
    return ""
