"""Tests over real HTTP of what people see after a restore, until somebody in charge has checked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from bot.listeners.budget_check import check
from bot.listeners.payloads import ButtonPayload
from bot.listeners.slack_object import UnreadableRequestError
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import ANA, BEN, MIA, TEAM, StoredMessage
from storage.budget import AuditAction, AuditEntry
from storage.sqlite.store import SqliteStore
from tests.support.conversation import answer, direct_channel, make_video
from tests.support.forms import entries, form_of, submit
from tests.support.http_client import http_client
from tests.support.running_bot import RENDER_SECONDS, RunningBot, bot_in
from tests.support.sandbox import running_sandbox
from tests.support.services import services

DOUBT = "*Budgets may count too little*: a backup was restored, and what was asked after <!date^"
TOO_LOW = "What is used may be more: a backup was restored, and what was asked after <!date^"


def file_of(sandbox: Sandbox) -> Path:
    """Return the store of a sandbox's bot."""
    return sandbox.folder / "video-bot.db"


async def restore(sandbox: Sandbox) -> None:
    """Put a backup in the place of the store, as of now."""
    path = file_of(sandbox)
    store = await SqliteStore.open(str(path))
    await store.backup(f"{path}.copy")
    await store.close()
    Path(f"{path}.copy").replace(path)


@asynccontextmanager
async def restored_bot() -> AsyncIterator[RunningBot]:
    """Run a bot on a restored store: a video was made, and everybody may spend 0.1 a month."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox, ADMINS=MIA, COST_UNIT="USD") as bot:
            await make_video(bot)
            await answer(bot, "budget set everyone 0.1 per month", user=MIA)
        await restore(sandbox)
        async with bot_in(sandbox, ADMINS=MIA, COST_UNIT="USD") as bot:
            yield bot


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot() -> AsyncIterator[RunningBot]:
    """A restored bot, which the tests that use it leave unchecked."""
    async with restored_bot() as running:
        yield running


async def shown(bot: RunningBot, text: str, user: str = ANA) -> StoredMessage:
    """Type a subcommand and return its ephemeral answer."""
    delivery = await bot.type(text, user=user)
    assert delivery.error is None
    assert delivery.shown is not None
    return delivery.shown


def tab(bot: RunningBot, user: str) -> str:
    """Return the blocks of a Home tab as JSON, or an empty text."""
    view = bot.sandbox.slack.world.views.homes.get(user)
    return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


def _has_drawn(bot: RunningBot, user: str) -> bool:
    return "Your budget" in tab(bot, user)


async def checks(sandbox: Sandbox) -> list[AuditEntry]:
    """Return who checked."""
    store = await SqliteStore.open(str(file_of(sandbox)), owner=False)
    entries = await store.budgets.audit(0.0)
    await store.close()
    return [entry for entry in entries if entry.action is AuditAction.COUNTS_CHECKED]


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_looks_at_a_budget_is_told_that_it_may_count_too_little(
    bot: RunningBot,
) -> None:
    """Those in charge how to check it, others who can."""
    for text in ("budget", "budget all"):
        message = await shown(bot, text, MIA)
        assert DOUBT in str(message.blocks)
        assert "budget_counts_checked" in str(message.blocks)
    message = await shown(bot, "budget", ANA)
    assert DOUBT in str(message.blocks)
    assert "budget_counts_checked" not in str(message.blocks)
    assert f"<@{MIA}> can check that." in message.text
    for user in (MIA, ANA):
        await bot.sandbox.slack.people.open_home(user)
        await bot.until(partial(_has_drawn, bot, user))
        assert DOUBT in tab(bot, user)
    assert "Checked" in tab(bot, MIA)
    assert "Checked" not in tab(bot, ANA)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_by_a_budget_says_that_more_may_be_used(bot: RunningBot) -> None:
    """Also in the form, where nothing is markup."""
    assert TOO_LOW in await answer(bot, "a hill --mode pro --duration 5")
    await bot.type("")
    await submit(bot, values=entries(prompt="a hill in the mist", mode="pro"))
    told = str(form_of(bot).errors)
    assert "What is used may be more: a backup was restored" in told
    assert "<!date" not in told


@pytest.mark.asyncio(loop_scope="module")
async def test_a_restore_is_a_detail_of_readyz(bot: RunningBot) -> None:
    """The bot is ready all the same."""
    async with http_client() as client:
        ready = await client.get(f"http://127.0.0.1:{bot.service.port}/readyz")
    assert ready.status_code == 200
    assert "budgets may count too little since a backup was restored" in ready.json()["detail"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("text", ["budget checked", "budget Checked because I looked"])
async def test_only_those_in_charge_check(bot: RunningBot, text: str) -> None:
    """Others are told who does, and the doubt stays."""
    assert f"Only <@{MIA}> can change this." in await answer(bot, text, user=BEN)
    assert await checks(bot.sandbox) == []
    assert DOUBT in await answer(bot, "budget", user=BEN)


async def test_the_command_checks_once() -> None:
    """With why; then nothing is in doubt any more, and nothing can be checked."""
    async with restored_bot() as bot:
        told = await answer(bot, "budget checked because nothing is missing", user=MIA)
        assert "Noted: what budgets count is checked." in told
        assert "nothing is in doubt" in await answer(bot, "budget checked", user=MIA)
        assert "restored" not in await answer(bot, "budget", user=ANA)
        [entry] = await checks(bot.sandbox)
        assert (entry.team, entry.by, entry.because) == (TEAM, MIA, "nothing is missing")
        async with http_client() as client:
            ready = await client.get(f"http://127.0.0.1:{bot.service.port}/readyz")
        assert "restored" not in ready.text


async def test_the_button_checks_the_restore_that_it_was_shown_for() -> None:
    """In Home, which is drawn anew; one that is older than another restore checks nothing."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox, ADMINS=MIA) as bot:
            await make_video(bot)
            await answer(bot, "budget set workspace 500 per month", user=MIA)
        await restore(sandbox)
        people, views = sandbox.slack.people, sandbox.slack.world.views
        async with bot_in(sandbox, ADMINS=MIA) as bot:
            old = await shown(bot, "budget", MIA)
            await answer(bot, "budget unset workspace", user=MIA)
            assert "restored" not in (await shown(bot, "budget", MIA)).text
            await answer(bot, "budget set workspace 500 per month", user=MIA)
            await people.open_home(MIA)
            await bot.until(lambda: "Checked" in tab(bot, MIA))
            clicked = await people.view_action(MIA, views.homes[MIA].id, "budget_counts_checked")
            assert clicked.error is None
            await bot.until(lambda: "Checked" not in tab(bot, MIA))
            place, workspace = direct_channel(bot, MIA), sandbox.slack.world.workspace
            await bot.until(lambda: "is checked" in str(workspace.all_in(place)))
            await bot.type("a hill --mode pro --duration 5")
            await bot.until_delivered(2)
        await restore(sandbox)
        async with bot_in(sandbox, ADMINS=MIA) as bot:
            await people.click(MIA, old.ts, "budget_counts_checked")
            await bot.until(lambda: "Another backup was restored" in str(bot.ephemerals()))
            again = await shown(bot, "budget", MIA)
            assert DOUBT in again.text
            await people.click(MIA, again.ts, "budget_counts_checked")
            await bot.until(lambda: "is checked" in str(bot.ephemerals()))
            assert [entry.by for entry in await checks(sandbox)] == [MIA, MIA]


@pytest.mark.parametrize("value", ["", "now", "nan", "inf", "-1e999"])
async def test_a_value_that_no_button_has_is_refused(value: str, tmp_path: Path) -> None:
    store = await SqliteStore.open(str(tmp_path / "jobs.db"))
    payload = ButtonPayload.read(
        {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": MIA, "team_id": TEAM},
            "actions": [{"action_id": "budget_counts_checked", "value": value, "action_ts": "1.0"}],
        }
    )
    with pytest.raises(UnreadableRequestError, match="value"):
        await check(payload, services(store))
    assert await store.budgets.audit(0.0) == []
    await store.close()
