"""Rows: columns of a running bot's store that another hand made unreadable."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import aiohttp
import pysqlite3

from sandbox.slack.entities import BEN, MIA
from storage.job import Stage
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import bot_process
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

DAMAGES = (
    "input = '{'",
    "stage = 'dreaming'",
    "user = CAST(x'ff' AS TEXT)",
    "outputs = '[7]'",
    "cost_estimate = 'much'",
)
"""One job each."""


async def damage_rows(folder: Path) -> Measured:
    """Damage a row in each way while the bot runs; ask for as many videos after that."""
    async with running_sandbox(render_seconds=0.2) as sandbox:
        user = SlackUser(sandbox=sandbox)
        path = sandbox.folder / "video-bot.db"
        variables = sandbox.environment(socket_mode=False) | FAST | {"ADMINS": MIA}
        async with bot_process(variables | {"SUBMIT_DELAY_SECONDS": "300"}, folder) as bot:
            sandbox.deliver_to_port(await bot.port())
            for number in range(len(DAMAGES)):
                await user.type(f"a lake, take {number}")
            await user.until(lambda: len(user.messages()) == len(DAMAGES))
        with closing(pysqlite3.connect(str(path))) as db, db:
            db.execute("UPDATE jobs SET due_at = 0")
            for seq, damage in enumerate(DAMAGES, start=1):
                db.execute(f"UPDATE jobs SET {damage} WHERE seq = ?", (seq,))  # noqa: S608 - ours
            db.execute("UPDATE settings SET value = '{' WHERE name <> 'operators'")
        async with bot_process(variables, folder) as bot:
            sandbox.deliver_to_port(port := await bot.port())
            for number in range(len(DAMAGES)):
                await user.type(f"a boat, take {number}", user=BEN)
            await user.until_delivered(len(DAMAGES))
            detail = await _detail(port)
            direct = sandbox.slack.world.workspace.direct(MIA).id
            # An unknown stage is never claimed: it is found when it is listed.
            await user.until(lambda: _told(user, direct) >= len(DAMAGES) - 1)
        store = await SqliteStore.open(str(path), owner=False)
        readable = len(await store.jobs.jobs(JobFilter()))
        counts, listed = await store.jobs.stage_counts(), await store.unreadable()
        await store.close()
    delivered = counts[Stage.DELIVERED]
    figure = (
        f"{delivered} of {len(DAMAGES)} later jobs delivered, "
        f"{len(listed)} rows set aside; /readyz: {detail}"
    )
    held = delivered == readable == len(DAMAGES) and len(listed) >= len(DAMAGES)
    return Measured(figure=figure, held=held and "cannot be read" in detail)


def _told(user: SlackUser, channel: str) -> int:
    return sum("cannot be read" in said.text for said in user.messages(channel))


async def _detail(port: int) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/readyz") as answer,
    ):
        told: dict[str, str] = await answer.json()
    return f"{answer.status} {told.get('detail')}"


ATTACKS = (
    Attack(
        name=f"{len(DAMAGES)} jobs whose columns make no sense, each in another way",
        bound="they are set aside, told and listed; later jobs are delivered",
        run=damage_rows,
    ),
)
