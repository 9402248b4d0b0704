"""The bot on a PostgreSQL database that DATABASE_URL names, and what `doctor` says of it."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

import storage.postgres
from bot.app import postgres_checks
from bot.app.checks import open_store
from bot.app.postgres_checks import examine_postgres
from bot.base.errors import ConfigurationError
from bot.base.setting_groups import StoreSettings
from storage.budget import Cap, Scope, ScopeKind, Window
from storage.job import Stage
from storage.store import StoreError
from tests.support.bot_process import bot_process
from tests.support.postgres import Server, emptied_database
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser
from tests.support.store_samples import NOW, a_job, insert

VIDEOS = 2


def at(url: str) -> StoreSettings:
    """Return the settings with this address."""
    return StoreSettings.model_validate({"DATABASE_URL": url})


@pytest.mark.proof
async def test_videos_that_were_under_way_at_a_kill_are_made_once(
    postgres: Server, tmp_path: Path
) -> None:
    """The real process, over real HTTP: nothing but the address is different."""
    url = emptied_database(postgres)
    async with running_sandbox(render_seconds=1.0) as sandbox:
        user = SlackUser(sandbox=sandbox)
        variables = sandbox.environment(socket_mode=False) | FAST | {"DATABASE_URL": url}
        async with bot_process(variables, tmp_path) as bot:
            sandbox.deliver_to_port(await bot.port())
            for number in range(VIDEOS):
                await user.type(f"a lake, take {number}")
            await user.until(lambda: len(sandbox.video.charges) == VIDEOS)
            bot.process.kill()
        async with bot_process(variables, tmp_path) as bot:
            sandbox.deliver_to_port(await bot.port())
            await user.type("a boat")
            await user.until_delivered(VIDEOS + 1)
            lines = list(bot.lines)
        assert len(sandbox.video.charges) == VIDEOS + 1
    store = await open_store(at(url), role=None)
    counts = await store.jobs.stage_counts()
    assert counts[Stage.DELIVERED] == VIDEOS + 1
    assert await store.budgets.mismatches() == []
    await store.close()
    assert not [line for line in lines if '"error"' in line or '"critical"' in line]


async def test_without_the_extra_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the password is in none."""
    # A package that is imported anew would take the place of the one that others have.
    monkeypatch.setattr(storage, "postgres", storage.postgres)
    for name in [name for name in sys.modules if name.startswith("storage.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'slack-video-bot\[postgres\]'"):
        await open_store(at("postgres://bot:secret@127.0.0.1/jobs"))
    [finding] = await examine_postgres("postgres://bot:secret@127.0.0.1/jobs")
    assert not finding.ok
    assert "secret" not in finding.what


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgres://bot:secret@127.0.0.1:1/jobs", "The database cannot be reached: "),
        ("postgres://bot:secret@127.0.0.1:x/jobs", "DATABASE_URL leads to no store (it is no"),
    ],
)
async def test_doctor_says_what_is_wrong_without_the_password(url: str, what: str) -> None:
    [finding] = await examine_postgres(url)
    assert not finding.ok
    assert finding.what.startswith(what)
    assert "secret" not in finding.what
    with pytest.raises((ConfigurationError, StoreError)) as refused:
        await open_store(at(url))
    assert "secret" not in str(refused.value)


async def test_doctor_sees_tables_that_are_not_there_yet(postgres: Server) -> None:
    postgres.run("CREATE DATABASE unused")
    [finding] = await examine_postgres(postgres.url("unused"))
    assert finding.ok
    assert "brought up to date by `python -m bot migrate`, or when `run` starts" in finding.what


async def test_doctor_sees_clocks_and_counters_that_differ(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = emptied_database(postgres)
    store = await open_store(at(url))
    await insert(store, replace(a_job(), due_at=None))
    reached, kept = await examine_postgres(url)
    assert (reached.ok, reached.what) == (True, "The database can be reached and written.")
    assert kept.ok
    assert "old versions of rows, and its oldest snapshot is 0 s old." in kept.what
    with psycopg.connect(url) as operator:
        operator.execute("INSERT INTO budget_use VALUES ('person:T1:U1', '2027-01-15', 3, 0)")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 60)
    _, clock, counters, _ = await examine_postgres(url)
    assert clock.what == "The clock of this machine differs from the database's by +60 s."
    assert counters.what == "1 counters of budgets differ from the sum over the jobs."
    await store.close()


async def test_doctor_sees_a_transaction_that_keeps_old_versions(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = emptied_database(postgres)
    await (await open_store(at(url))).close()
    monkeypatch.setattr(postgres_checks, "_OLDEST_SECONDS", 0.0)
    with psycopg.connect(url) as report:
        report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM jobs")
        _, kept = await examine_postgres(url)
    assert not kept.ok
    assert kept.advice == "End transactions that are left open, and see that autovacuum runs."


async def test_doctor_sees_a_restored_dump_until_somebody_has_checked(postgres: Server) -> None:
    url = emptied_database(postgres)
    store = await open_store(at(url))
    workspace = Scope(kind=ScopeKind.WORKSPACE, team="T1")
    cap = Cap(scope=workspace, window=Window.DAY, limit=Decimal(5))
    await store.budgets.set_cap(cap, "U9", NOW)
    with psycopg.connect(url) as operator:
        operator.execute("INSERT INTO restores (known_until) VALUES (1800000000)")
    _, restored, _ = await examine_postgres(url)
    assert restored.what == (
        "A backup was restored: the budgets of T1 do not count what was asked after"
        " 2027-01-15 08:00 UTC."
    )
    await store.budgets.confirm_counts("T1", "U9", NOW)
    assert all(finding.ok for finding in await examine_postgres(url))
    await store.close()


async def test_doctor_sees_that_no_process_works(postgres: Server) -> None:
    """Jobs are accepted where there are only processes that answer."""
    url = emptied_database(postgres)
    store = await open_store(at(url))
    now = await store.now()
    assert now is not None
    await insert(store, replace(a_job(), due_at=now - 100))
    _, waiting, _ = await examine_postgres(url)
    assert re.fullmatch(r"A job has been due for 10\d s, and nobody works on it\.", waiting.what)
    assert "python -m bot worker" in waiting.advice
    await store.close()
