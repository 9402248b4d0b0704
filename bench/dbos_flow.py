"""The bot's flow as a durable workflow of DBOS on its SQLite, for `bench.whole_jobs`.

`python -m bench.dbos_flow work` does jobs until it is killed, and `python -m bench.dbos_flow accept
JOBS` gives it some. Both read the bot's environment variables, and have their file in this folder.
https://docs.dbos.dev/python/programming-guide
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypedDict

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from slack_sdk.web.async_client import AsyncWebClient

from bench.load import person_id
from bot.base.extras import needing_packages
from sandbox.slack.entities import GENERAL, TEAM

NOT_INSTALLED = (
    "This is measured beside DBOS, which nothing else here needs and which is not installed. Run:"
    " pip install 'dbos>=3,<4'"
)
DATABASE = "dbos.db"
QUEUE = "videos"
WORKFLOW = "make_video"
AT_ONCE = 24
"""How many jobs are under way: as many as the bot's pools take."""
QUEUE_POLL_SECONDS = 0.05
"""Between two reads of the queue: a second by default, which would bound the rate."""
POLL_SECONDS = 1.0
CHUNK_BYTES = 256 * 1024
PEOPLE = 20
"""So many ask: the bot asks Slack about each of them once."""
DONE = "Done"
"""Begins the text of a job's message once the job is over."""


class Ask(TypedDict):
    """What a person asks for."""

    number: int
    channel: str
    user: str
    prompt: str


class End(TypedDict):
    """The end of a render."""

    url: str
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The two services. Each method is one call, or several that are repeated together."""

    slack: AsyncWebClient
    video: httpx.AsyncClient
    session: aiohttp.ClientSession

    async def announce(self, ask: Ask) -> str:
        """Post the job's message; return its ID."""
        posted = await self.slack.chat_postMessage(
            channel=ask["channel"],
            text=f"{ask['prompt']}: rendering",
            blocks=_blocks(ask, "Queued"),
            metadata={"event_type": "video_job", "event_payload": {"job": ask["number"]}},
        )
        return str(posted["ts"])

    async def submit(self, ask: Ask, ts: str) -> str:
        """Start the render, once for the ID of the message; return the task's ID."""
        answer = await self.video.post(
            "/api/v1/tasks",
            headers={"Idempotency-Key": f"slack:{TEAM}:{ask['channel']}:{ts}"},
            json={"model": "kling-v3", "input": {"prompt": ask["prompt"]}},
        )
        return str(answer.raise_for_status().json()["task_id"])

    async def poll(self, task: str) -> End | None:
        """Return the end of the render with its cost, or `None` while it goes on."""
        answer = await self.video.get(f"/api/v1/tasks/{task}")
        body = answer.raise_for_status().json()
        if body["status"] != "succeeded":
            return None
        return End(url=body["output"]["videos"][0]["url"], cost=body["cost_actual"])

    async def bring(self, url: str) -> str:
        """Upload the file to Slack while it is downloaded; return its ID there."""
        async with self.video.stream("GET", url) as video:
            length = video.raise_for_status().headers["Content-Length"]
            data = {"filename": "video.mp4", "length": length}
            target = await self.slack.api_call("files.getUploadURLExternal", data=data)
            async with self.session.post(
                target["upload_url"],
                data=video.aiter_bytes(CHUNK_BYTES),
                headers={"Content-Length": length, "Content-Type": "application/octet-stream"},
            ) as answer:
                answer.raise_for_status()
        return str(target["file_id"])

    async def share(self, ask: Ask, ts: str, file: str, cost: float) -> None:
        """Post the result with the cost in the message's thread."""
        data = {
            "files": json.dumps([{"id": file, "title": ask["prompt"]}]),
            "channel_id": ask["channel"],
            "thread_ts": ts,
            "blocks": json.dumps(_blocks(ask, f"Your video is ready; cost {cost}")),
        }
        await self.slack.api_call("files.completeUploadExternal", data=data)

    async def show_end(self, ask: Ask, ts: str, cost: float) -> None:
        """Edit the job's message."""
        status = f"{DONE}: cost {cost}"
        await self.slack.chat_update(
            channel=ask["channel"], ts=ts, text=status, blocks=_blocks(ask, status)
        )


def _blocks(ask: Ask, status: str) -> list[dict[str, object]]:
    """Return about what the bot's messages have."""
    again = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Again"},
        "action_id": "again",
        "value": str(ask["number"]),
    }
    return [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<@{ask['user']}> asked for a video"},
        },
        {"type": "section", "text": {"type": "mrkdwn", "text": f"> {ask['prompt']}"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": status}},
        {"type": "actions", "elements": [again]},
    ]


@asynccontextmanager
async def _clients() -> AsyncIterator[Clients]:
    """Open clients as the bot has: Slack's SDK and httpx, both over aiohttp."""
    quiet = logging.getLogger("bench.slack")
    quiet.setLevel(logging.WARNING)
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession() as video:
        yield Clients(
            slack=AsyncWebClient(
                token=os.environ["SLACK_BOT_TOKEN"],
                base_url=os.environ["SLACK_API_URL"],
                session=session,
                logger=quiet,
            ),
            video=httpx.AsyncClient(
                transport=AiohttpTransport(client=video),
                base_url=os.environ["MINDVIDEO_BASE_URL"],
                headers={"Authorization": f"Bearer {os.environ['MINDVIDEO_API_KEY']}"},
            ),
            session=session,
        )


async def work(journal: str) -> None:
    """Do the jobs until killed; write "ready" to standard error, as the bot does."""
    # The mode stays with the file. https://sqlite.org/wal.html
    with closing(sqlite3.connect(DATABASE)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
    with needing_packages(NOT_INSTALLED):
        from dbos import DBOS  # noqa: PLC0415 - an extra

    async with _clients() as clients:
        run = DBOS.run_step_async
        repeats = {"retries_allowed": True}

        async def make_video(ask: Ask) -> None:
            ts = await run({"name": "announce"}, clients.announce, ask)
            task = await run({"name": "submit", **repeats}, clients.submit, ask, ts)
            while (end := await run({"name": "poll", **repeats}, clients.poll, task)) is None:
                await DBOS.sleep_async(POLL_SECONDS)
            file = await run({"name": "bring", **repeats}, clients.bring, end["url"])
            await run({"name": "share"}, clients.share, ask, ts, file, end["cost"])
            await run({"name": "show_end", **repeats}, clients.show_end, ask, ts, end["cost"])

        DBOS(config={"name": QUEUE, "system_database_url": _url(), "log_level": "WARNING"})
        DBOS.workflow(name=WORKFLOW)(make_video)
        DBOS.launch()
        try:
            await DBOS.register_queue_async(
                QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=QUEUE_POLL_SECONDS
            )
            print(json.dumps({"event": "ready", "port": 0}), file=sys.stderr, flush=True)  # noqa: T201
            await asyncio.Event().wait()
        finally:
            DBOS.destroy()


def accept(jobs: int) -> None:
    """Enqueue jobs in one transaction, so that all are there at once."""
    with needing_packages(NOT_INSTALLED):
        import sqlalchemy  # noqa: PLC0415 - DBOS brings it
        from dbos import DBOSClient  # noqa: PLC0415 - an extra

    client = DBOSClient(system_database_url=_url())
    options = {"workflow_name": WORKFLOW, "queue_name": QUEUE}
    with sqlalchemy.create_engine(_url()).begin() as transaction:
        for number in range(jobs):
            client.enqueue_in_transaction(transaction, options, asked(number))
    client.destroy()


def asked(number: int) -> Ask:
    """Return a request that differs from every other."""
    return Ask(
        number=number,
        channel=GENERAL,
        user=person_id(number % PEOPLE),
        prompt=f"a lake at dawn, take {number}",
    )


def installed_version() -> str:
    """Return the version of DBOS. Raises `ConfigurationError` if it is not installed."""
    with needing_packages(NOT_INSTALLED):
        return version("dbos")


def _url() -> str:
    return f"sqlite:///{DATABASE}"


def main(arguments: list[str]) -> None:
    """Accept jobs, or work."""
    match arguments:
        case ["accept", jobs]:
            accept(int(jobs))
        case ["work", journal]:
            asyncio.run(work(journal))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
