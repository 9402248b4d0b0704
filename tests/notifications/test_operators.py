"""Who is told what needs an operator, from the configuration to their conversation."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from bot.notifications.schedule import keep_operators
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import MIA, TEAM
from storage.notification import OPERATORS, team_scope
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import commit
from tests.support.inline_store import inline_session
from tests.support.running_bot import running_bot


async def test_admins_hear_directly_of_a_wrong_key() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        direct = bot.sandbox.slack.world.workspace.direct(MIA).id
        bot.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=401, code="unauthorized")
        )
        await bot.type("a lake")
        await bot.until(lambda: bot.messages(direct))
        (told,) = bot.messages(direct)
        assert "Somebody must act" in told.text


async def test_admins_are_kept_and_changed_and_need_no_write_when_they_stay(
    tmp_path: Path,
) -> None:
    writes = 0

    def counted(db: Database) -> None:
        nonlocal writes
        writes += 1
        commit(db)

    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db"), commit=counted))
    try:
        for admins, so_far in (((), 0), ((MIA,), 1), ((MIA,), 1), ((), 2)):
            await keep_operators(store.settings, TEAM, admins)
            assert await store.settings.get(team_scope(TEAM), OPERATORS) == (list(admins) or None)
            assert writes == so_far
    finally:
        await store.close()
