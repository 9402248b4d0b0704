"""`python -m bot jobs`: lists, shows, resumes and resends jobs, also beside a running bot."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import click
from tabulate import tabulate

from bot.app.checks import open_store
from bot.base.errors import BotError, UsageError
from bot.base.patterns import lazy_compile
from bot.base.setting_groups import StoreSettings
from bot.base.settings import load_group
from bot.jobs.accept import new_id
from bot.jobs.actions import put_resend
from bot.messages.blocks import shorten
from bot.messages.job import prompt_of
from bot.money.amounts import read_typed_amount
from storage.budget import OPERATOR, Settlement
from storage.job import Event, IllegalTransitionError, Instant, Job, Stage
from storage.store import JobFilter, Store, Unreadable

T = TypeVar("T")

# A table must fit into a terminal.
PROMPT_WIDTH = 40
# More rows than any terminal shows.
MOST_LISTED = 1_000_000
# Values that `show` leaves out of its table.
EMPTY = (None, (), "")
# The names of a row's times end with these.
MOMENTS = ("_at", "_since", "_until")
# MindVideo does not document its IDs: refuse blanks, control characters and long texts.
TASK_ID = lazy_compile(r"[!-~]{1,200}")

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group("jobs")
def command() -> None:
    """List, show, resume, resend and settle jobs, while the bot runs or not."""


@command.command("list")
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]), multiple=True)
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True)
@JSON
def list_jobs(stage: tuple[str, ...], limit: int, *, as_json: bool) -> None:
    """List jobs, the newest first; --stage parked shows what waits for you.

    Rows of the store that cannot be read stand above them.
    """
    stages = frozenset(Stage(name) for name in stage) or None
    wanted = JobFilter(stages=stages, limit=limit)
    found, unreadable = with_store(lambda store: _list(store, wanted))
    if as_json:
        rows = [_json_fields(job) for job in found]
        click.echo(json.dumps([*map(_unreadable_fields, unreadable), *rows], indent=2))
        return
    if unreadable:
        click.echo("These rows cannot be read and are set aside; the others go on.")
        lines = [(one.table, one.id, ", ".join(one.columns)) for one in unreadable]
        click.echo(tabulate(lines, ["table", "id", "unreadable columns"], disable_numparse=True))
        click.echo()
    headers = ["id", "stage", "outcome", "user", "channel", "created (UTC)", "cost", "prompt"]
    click.echo(tabulate([_table_row(job) for job in found], headers, disable_numparse=True))


@command.command()
@click.argument("job_id")
@JSON
def show(job_id: str, *, as_json: bool) -> None:
    """Show everything about one job, and its timeline."""
    job, events = with_store(lambda store: _read(store, job_id))
    if as_json:
        timeline = [asdict(event) for event in events]
        click.echo(json.dumps(_json_fields(job) | {"events": timeline}, indent=2))
        return
    known = [
        (name, _readable(name, value))
        for name, value in _json_fields(job).items()
        if value not in EMPTY
    ]
    click.echo(tabulate(known, tablefmt="plain", disable_numparse=True))
    click.echo()
    lines = [(_date_text(event.at), event.name, event.detail) for event in events]
    click.echo(tabulate(lines, ["at (UTC)", "what", "detail"], disable_numparse=True))


@command.command()
@click.argument("job_id")
@click.option("--task", "task_id", help="What MindVideo's page shows as this job's render.")
@click.option("--send-again", is_flag=True, help="MindVideo's page shows no render of this job.")
@JSON
def resume(job_id: str, task_id: str | None, *, send_again: bool, as_json: bool) -> None:
    """Send a parked job back to the stage that it left.

    A job whose key is too old to be sent again is parked once more, unless you have looked at
    MindVideo's page: --task names the render that it shows, which is followed without another
    charge, and --send-again says that it shows none.
    """
    if task_id is not None and (send_again or not TASK_ID.fullmatch(task_id)):
        raise click.UsageError("--task takes the ID of one render, and not --send-again beside it.")
    job = with_store(lambda store: _resume(store, job_id, task_id, send_again=send_again))
    how = f"goes on from {job.stage}" if task_id is None else f"follows task {task_id}"
    _print_job(job, f"Job {job.id} {how}.", as_json=as_json)


@command.command()
@click.argument("job_id")
@JSON
def resend(job_id: str, *, as_json: bool) -> None:
    """Deliver a finished job's files again, without rendering or charging again."""
    job, delivery_id = with_store(lambda store: _resend(store, job_id))
    if as_json:
        click.echo(json.dumps({"job": job.id, "delivery": delivery_id}, indent=2))
    else:
        click.echo(f"The files of job {job.id} are delivered again, as {delivery_id}.")


@command.command()
@click.argument("job_id")
@click.argument("amount")
@click.option("--because", required=True, help="Where the amount is from; the audit keeps it.")
@JSON
def settle(job_id: str, amount: str, because: str, *, as_json: bool) -> None:
    """Record the AMOUNT that a job cost, where MindVideo named none; 0 if it was not billed.

    An amount that MindVideo named is replaced: the answer says which.

    It is counted in the period in which the job was asked for, in place of what was held.
    """
    cost = typed_amount(amount)
    if not because.strip():
        raise click.UsageError("--because takes a reason.")
    before, job = with_store(lambda store: _settle(store, job_id, cost, because.strip()))
    told = "" if before is None else f" Until now it was {before}."
    _print_job(job, f"Job {job.id} cost {cost}.{told}", as_json=as_json)


def typed_amount(text: str) -> Decimal:
    """Return the amount of an argument. Raises `click.UsageError`."""
    try:
        return read_typed_amount(text)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def _print_job(job: Job, text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(_json_fields(job), indent=2) if as_json else text)


def with_store(work: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store, which a running bot may own, run `work` with it, and close it."""

    async def run() -> T:
        async with _store() as store:
            return await work(store)

    return asyncio.run(run())


@asynccontextmanager
async def _store() -> AsyncIterator[Store]:
    store = await open_store(load_group(StoreSettings), role=None)
    try:
        yield store
    finally:
        await store.close()


async def _list(store: Store, wanted: JobFilter) -> tuple[list[Job], list[Unreadable]]:
    # Jobs first: what is found to be unreadable then is listed too.
    return await store.jobs.jobs(wanted), await store.unreadable()


async def _read(store: Store, job_id: str) -> tuple[Job, Sequence[Event]]:
    return await _get(store, job_id), await store.jobs.events(job_id)


async def _get(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    if job is None:
        raise _unknown(job_id)
    return job


async def _resume(store: Store, job_id: str, task_id: str | None, *, send_again: bool) -> Job:
    try:
        # Due at 0, so at once: the bot's own clock may be behind this machine's.
        job = await store.jobs.resume(job_id, 0.0, task_id, time.time() if send_again else None)
    except IllegalTransitionError:
        raise BotError(_not_resumed(job_id, task_id)) from None
    if job is None:
        raise _unknown(job_id)
    return job


def _not_resumed(job_id: str, task_id: str | None) -> str:
    if task_id is None:
        return f"Job {job_id} is not parked, so there is nothing to resume."
    return (
        f"Job {job_id} cannot take up task {task_id}: only a job that is parked before its render "
        "can, and only a task that no other job has."
    )


async def _resend(store: Store, job_id: str) -> tuple[Job, str]:
    job, delivery_id = await _get(store, job_id), new_id()
    # Each call requests a delivery of its own.
    await put_resend(store.outbox, job, delivery_id, by=OPERATOR, now=time.time())
    return job, delivery_id


async def _settle(
    store: Store, job_id: str, amount: Decimal, because: str
) -> tuple[Decimal | None, Job]:
    """Return what the job cost before, and the job."""
    before = await store.jobs.get(job_id)
    settlement = Settlement(amount=amount, by=OPERATOR, because=because, at=time.time())
    try:
        job = await store.jobs.settle(job_id, settlement)
    except IllegalTransitionError:
        raise BotError(
            f"Job {job_id} was not sent to MindVideo, or is not over yet, so there is nothing to"
            " settle."
        ) from None
    if job is None:
        raise _unknown(job_id)
    return None if before is None else before.cost_actual, job


def _unknown(job_id: str) -> BotError:
    return BotError(f"There is no job {job_id}. `jobs list` shows those that there are.")


def _table_row(job: Job) -> tuple[str, ...]:
    return (
        job.id,
        job.stage,
        job.outcome or "",
        job.user,
        job.channel,
        _date_text(job.created_at),
        "" if job.cost_actual is None else str(job.cost_actual),
        shorten(" ".join(prompt_of(job).split()), PROMPT_WIDTH),
    )


def _json_fields(job: Job) -> dict[str, object]:
    """Return a job's fields for JSON, without `response_url`, which allows posts to the channel."""
    row = asdict(job)
    del row["reply_to"]["response_url"]
    body = job.request_body
    row["request_body"] = None if body is None else body.decode(errors="replace")
    return {name: _json_value(value) for name, value in row.items()}


def _json_value(value: object) -> object:
    """Return a value as JSON holds it: each amount, also a nested one, as text with its digits."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            return {name: _json_value(one) for name, one in value.items()}
        case tuple():
            return tuple(map(_json_value, value))
        case list():
            return [_json_value(one) for one in value]
        case _:
            return value


def _unreadable_fields(row: Unreadable) -> dict[str, object]:
    """Return the fields for JSON of a row that is set aside, of whichever table."""
    return {"table": row.table, "id": row.id, "unreadable": row.columns}


def _readable(name: str, value: object) -> str:
    """Return a value as text: a time as a date, nested values as JSON."""
    match value:
        case float() if name.endswith(MOMENTS):
            return f"{_date_text(value)} UTC"
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _date_text(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
