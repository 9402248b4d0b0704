"""Checks of the bot's prerequisites, at the start and for `doctor`.

A failed check raises `ConfigurationError`, which names the variable to change, or the service's own
error for a failure that may be temporary.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

import structlog
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.app.findings import Finding
from bot.app.postgres_checks import examine_postgres, migrate_postgres, open_postgres
from bot.app.request_checks import clock_finding, examine_running_bot
from bot.app.roles import ALL, Role
from bot.app.socket_mode import ask_for_socket
from bot.app.store_checks import examine_store
from bot.app.tracing import examine_tracing
from bot.base.errors import (
    BotError,
    ConfigurationError,
    NotFoundError,
    OperatorMustActError,
    RefusedError,
)
from bot.base.network import ALL_CONNECT_SECONDS
from bot.base.setting_groups import StoreSettings
from bot.base.settings import Settings, complaint
from bot.base.traces import NO_TRACER, Tracer, spanning_commit
from bot.mindvideo.client import MindVideoClient
from bot.options.catalog import Catalog
from bot.slack.chat import Identity, SlackChat
from bot.slack.client import slack_client
from bot.slack.manifest import SCOPES
from storage.sqlite.store import SqliteStore
from storage.sqlite.upgrade import upgrade
from storage.store import Store, StoreError, StoreUnusableError, Unreadable

_TOKEN_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "slack_bot_token": "If it is the right one, install the app again.",
        "slack_app_token": "If it is the right one, switch Socket Mode on in the app.",
    }
)


async def open_store(
    settings: StoreSettings, role: Role | None = ALL, tracer: Tracer = NO_TRACER
) -> Store:
    """Open the store that DATABASE_URL names, for a process of this role; raises `StoreError`.

    `None` is a command of the operator's, beside the bot. What a bot finds to be unreadable is
    logged, and so is that a file is a new one; a command lists the former, and makes no file.
    Commits are spans of the `tracer`.
    """
    around_write = partial(spanning_commit, tracer) if tracer.is_on else None
    on_unreadable = _ignore if role is None else _log_unreadable
    with _unusable_stores():
        if settings.is_postgres:
            return await open_postgres(
                settings.database_url,
                role,
                name=settings.process_name,
                on_unreadable=on_unreadable,
                around_write=around_write,
            )
        path = settings.database_path
        is_new = _is_missing(path)
        store = await SqliteStore.open(
            str(path),
            owner=role is not None,
            on_unreadable=on_unreadable,
            around_write=around_write,
        )
    if is_new:
        # A mistyped path makes a store that has nothing of the one that was meant.
        structlog.get_logger("store").info("store_created", path=str(path.absolute()))
    return store


def _is_missing(path: Path) -> bool:
    """Return whether there is no file, or one of no bytes, or none that this user may look at."""
    try:
        return not path.stat().st_size
    except OSError:
        return True


async def migrate_store(settings: StoreSettings) -> list[str]:
    """Bring the tables of the store up to date; return sentences about what was done.

    Idempotent. Raises `StoreError`; a file must not be in use by a bot if there is anything to do.
    """
    path = copy = None
    with _unusable_stores():
        if settings.is_postgres:
            # An index that is made concurrently needs a session of its own, which no pooler shares.
            url = settings.database_direct_url or settings.database_url
            names = await migrate_postgres(url)
        else:
            path = settings.database_path
            done = await asyncio.to_thread(upgrade, str(path))
            names, copy = done.migrations, done.copy
    if not names:
        return ["The tables are up to date."]
    told = [f"The tables are up to date now: {', '.join(names)}."]
    if copy is not None:
        told.append(f"The store was copied to {copy} before.")
    elif path is not None:
        # A mistyped path makes a store that has nothing of the one that was meant.
        told.append(f"The store at {path.absolute()} is new, and empty.")
    return told


@contextmanager
def _unusable_stores() -> Iterator[None]:
    """Raise `ConfigurationError` for an address at which there can be no store."""
    try:
        yield
    except StoreUnusableError as error:
        problem = f"leads to no store ({error})"
        raise ConfigurationError(complaint("database_url", problem)) from error


def _ignore(_: Unreadable) -> None:
    """Do nothing."""


def _log_unreadable(row: Unreadable) -> None:
    log = structlog.get_logger("store")
    log.error("row_unreadable", table=row.table, row=row.id, columns=list(row.columns))


async def ask_identity(chat: SlackChat) -> Identity:
    """Request the bot's identity from Slack, with SLACK_BOT_TOKEN. A read."""
    with _token_in_errors("slack_bot_token"):
        return await chat.identity()


async def ask_socket(client: AsyncWebClient, token: SecretStr | None) -> URL | None:
    """Request an address of Socket Mode with SLACK_APP_TOKEN; return `None` without a token."""
    if token is None:
        return None
    with _token_in_errors("slack_app_token"):
        return await ask_for_socket(client, token.get_secret_value())


async def all_met(*checks: asyncio.Task[object]) -> None:
    """Wait for every check, and raise their errors as one, with a line for each.

    It is a `ConfigurationError` if any is. An unexpected exception is raised as it is.
    """
    found = await asyncio.gather(*checks, return_exceptions=True)
    errors = [one for one in found if isinstance(one, BaseException)]
    # An unexpected exception is a bug and keeps its traceback.
    bugs = [error for error in errors if not isinstance(error, BotError | StoreError)]
    match bugs or errors:
        case []:
            return
        case [first, *others] if bugs or not others:
            raise first
    is_wrong = any(isinstance(error, ConfigurationError) for error in errors)
    kind = ConfigurationError if is_wrong else BotError
    raise kind("\n".join(dict.fromkeys(map(_in_full, errors))))


def _in_full(error: BaseException) -> str:
    return error.in_full if isinstance(error, BotError) else str(error)


@contextmanager
def _token_in_errors(field: str) -> Iterator[None]:
    try:
        yield
    except (OperatorMustActError, RefusedError) as error:
        code = error.code or ""
        # Slack refuses a token with an error code, never an HTTP status: this is another server.
        if code.startswith("http_"):
            problem = f"leads to no API of Slack's ({code})"
            raise ConfigurationError(complaint("slack_api_url", problem)) from error
        problem = complaint(field, f"is refused by Slack ({code})")
        raise ConfigurationError(f"{problem} {_TOKEN_ADVICE[field]}") from error


CALL_SECONDS = 10.0
"""How long one check of a service may take: an operator waits for the report."""

# No task has this ID, so a request for it has no effect and reads no data.
_NO_TASK = "doctor-no-such-task"


async def examine(settings: Settings) -> list[Finding]:
    """Check Slack, MindVideo, the store and the models concurrently. Safe to repeat."""
    async with slack_client(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        call_seconds=CALL_SECONDS,
    ) as client:
        found = await asyncio.gather(
            _bot_token(client),
            _connection(client, settings.slack_app_token),
            examine_running_bot(settings),
            _mindvideo(settings.mindvideo_base_url, settings.mindvideo_api_key),
            _store(settings),
            asyncio.to_thread(_models, settings.models_dir),
            asyncio.to_thread(examine_tracing, settings),
        )
    # Two checks of one service may report the same problem.
    return list(dict.fromkeys(finding for findings in found for finding in findings))


async def _store(settings: Settings) -> list[Finding]:
    if settings.is_postgres:
        return await examine_postgres(settings.database_url)
    return await asyncio.to_thread(examine_store, settings.database_path)


async def _bot_token(client: AsyncWebClient) -> list[Finding]:
    try:
        identity = await ask_identity(SlackChat(client))
    except BotError as error:
        return [_slack_failed(error)]
    accepted = f"Slack takes the bot token: {identity.user} in {identity.team}."
    return [
        Finding(ok=True, what=accepted),
        _scopes(identity.scopes),
        clock_finding(identity.clock_error),
    ]


def _scopes(granted: frozenset[str]) -> Finding:
    missing = [f"{scope} ({use})" for scope, use in SCOPES.items() if scope not in granted]
    if not missing:
        return Finding(ok=True, what="The Slack app has every scope.")
    return Finding(
        ok=False,
        what=f"The Slack app lacks {'; '.join(missing)}.",
        advice="Paste the output of `python -m bot manifest` into the app's page App Manifest,"
        " then install the app again.",
    )


async def _connection(client: AsyncWebClient, app_token: SecretStr | None) -> list[Finding]:
    try:
        address = await ask_socket(client, app_token)
    except BotError as error:
        return [_slack_failed(error)]
    if address is None:
        return [Finding(ok=True, what="Slack's requests come by HTTP, signed.")]
    return [Finding(ok=True, what="Slack opens Socket Mode for the app token.")]


def _slack_failed(error: BotError) -> Finding:
    if isinstance(error, ConfigurationError):
        return Finding(ok=False, what=error.in_full)
    advice = "Check SLACK_API_URL, and the network from this machine; else try again in a minute."
    return Finding(ok=False, what=error.in_full, advice=advice)


async def _mindvideo(base_url: str, key: SecretStr) -> list[Finding]:
    """Read a task that does not exist: "not found" shows that the key is not refused."""
    passed = Finding(ok=True, what="MindVideo answers, and does not refuse the key.")
    client = MindVideoClient(base_url, key.get_secret_value(), now=time.time)
    async with aclosing(client):
        try:
            # Longer than a connection may take, which then says itself why there is none.
            async with asyncio.timeout(ALL_CONNECT_SECONDS + CALL_SECONDS):
                await client.get_task(_NO_TASK, {}, fresh_urls=True)
        except NotFoundError:
            return [passed]
        except TimeoutError:
            what = "MindVideo does not answer."
            advice = "Check MINDVIDEO_BASE_URL, and the network from this machine."
        except OperatorMustActError as error:
            what = f"{error.in_full.removesuffix('.')}."
            advice = "Check MINDVIDEO_API_KEY and MINDVIDEO_BASE_URL, and the credit on its site."
        except BotError as error:
            what = f"{error.in_full.removesuffix('.')}."
            advice = "Check MINDVIDEO_BASE_URL; if it is right, try again in some minutes."
        else:
            return [passed]
    return [Finding(ok=False, what=what, advice=advice)]


def _models(folder: Path | None) -> list[Finding]:
    try:
        catalog = Catalog.load(folder, check_packaged=True)
    except ConfigurationError as error:
        return [Finding(ok=False, what=str(error), advice="Correct the file, or take it away.")]
    slugs = ", ".join(model.slug for model in catalog.models)
    return [Finding(ok=True, what=f"Models on offer: {slugs}.")]
