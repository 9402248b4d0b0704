"""Reads an app's manifest, which is all that the simulated Slack knows of the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import BaseModel

Manifest = Mapping[str, object]
"""An app manifest for HTTP, as https://docs.slack.dev/reference/app-manifest describes it."""


class _Command(BaseModel):
    command: str


class Shortcut(BaseModel, frozen=True):
    """A shortcut in a menu of Slack; `type` is `global` or `message`."""

    callback_id: str
    name: str
    type: str


class _Features(BaseModel):
    slash_commands: tuple[_Command, ...]
    shortcuts: tuple[Shortcut, ...]


class _Scopes(BaseModel):
    bot: frozenset[str]


class _OauthConfig(BaseModel):
    scopes: _Scopes


class _Interactivity(BaseModel):
    request_url: str


class _Settings(BaseModel):
    interactivity: _Interactivity


class _Document(BaseModel):
    features: _Features
    oauth_config: _OauthConfig
    settings: _Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """The app that is installed in the workspace."""

    command: str
    """Its slash command, with the slash."""
    shortcuts: tuple[Shortcut, ...]
    scopes: frozenset[str]
    events_path: str
    """The path of its request URL."""


def read_manifest(document: Manifest) -> SlackApp:
    """Return the app that a manifest describes. Raises pydantic's `ValidationError`."""
    parsed = _Document.model_validate(document)
    [command] = parsed.features.slash_commands
    return SlackApp(
        command=command.command,
        shortcuts=parsed.features.shortcuts,
        scopes=parsed.oauth_config.scopes.bot,
        events_path=urlsplit(parsed.settings.interactivity.request_url).path,
    )
