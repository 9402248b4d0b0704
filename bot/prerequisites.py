"""What must hold before the bot can work; where it does not, the variable to change is named.

Each function raises `ConfigurationError` in that case, and what its service raises for trouble
that may pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BotError, ConfigurationError, OperatorMustActError, RefusedError
from bot.setting_groups import StoreSettings
from bot.settings import complaint
from bot.slack.chat import Identity, SlackChat
from bot.slack.socket_mode import ask_for_socket
from storage.sqlite.store import SqliteStore
from storage.store import StoreError, StoreUnusableError

_IF_IT_IS_RIGHT: Mapping[str, str] = MappingProxyType(
    {
        "slack_bot_token": "If it is the right one, install the app again.",
        "slack_app_token": "If it is the right one, switch Socket Mode on in the app.",
    }
)


async def open_store(settings: StoreSettings, *, owner: bool = True) -> SqliteStore:
    """Open the store that DATABASE_URL names; raises `StoreError` as `SqliteStore.open` does."""
    try:
        return await SqliteStore.open(str(settings.database_path), owner=owner)
    except StoreUnusableError as error:
        problem = f"leads to no store ({error})"
        raise ConfigurationError(complaint("database_url", problem)) from error


async def ask_identity(chat: SlackChat) -> Identity:
    """Ask Slack who the bot is, by its SLACK_BOT_TOKEN. A read."""
    with _naming_the_token("slack_bot_token"):
        return await chat.identity()


async def ask_socket(client: AsyncWebClient, token: SecretStr | None) -> str | None:
    """Ask Slack for an address of Socket Mode, by SLACK_APP_TOKEN; `None` without one."""
    if token is None:
        return None
    with _naming_the_token("slack_app_token"):
        return await ask_for_socket(client, token.get_secret_value())


async def all_met(*checks: asyncio.Task[object]) -> None:
    """Wait for every check, and raise what they raised as one error with a line for each.

    It is a `ConfigurationError` if any is.
    """
    found = await asyncio.gather(*checks, return_exceptions=True)
    errors = [one for one in found if isinstance(one, BaseException)]
    # What nobody foresaw keeps its traceback.
    bugs = [error for error in errors if not isinstance(error, BotError | StoreError)]
    match bugs or errors:
        case []:
            return
        case [first, *others] if bugs or not others:
            raise first
    is_wrong = any(isinstance(error, ConfigurationError) for error in errors)
    kind = ConfigurationError if is_wrong else BotError
    raise kind("\n".join(dict.fromkeys(map(str, errors))))


@contextmanager
def _naming_the_token(field: str) -> Iterator[None]:
    try:
        yield
    except (OperatorMustActError, RefusedError) as error:
        code = error.code or ""
        # Slack refuses a token in its own words, never by a status: then it was not Slack.
        if code.startswith("http_"):
            problem = f"leads to no API of Slack's ({code})"
            raise ConfigurationError(complaint("slack_api_url", problem)) from error
        problem = complaint(field, f"is refused by Slack ({code})")
        raise ConfigurationError(f"{problem} {_IF_IT_IS_RIGHT[field]}") from error
