"""What a person is told who asks for a list: their jobs, what was spent."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.messages.job import Sheet, prompt_of, status_line
from bot.messages.private import words
from bot.ports import Message
from storage.job import Instant, Job
from storage.store import Spend

# Enough of a prompt to recognise it.
PROMPT_IN_LIST = 80


def jobs(
    running: Sequence[tuple[Job, Sheet]], recent: Sequence[tuple[Job, Sheet]], now: Instant
) -> Message:
    """Return a person's jobs: those under way, and the last ones that ended."""
    parts = [*_part("Running", running, now), *_part("Recent", recent, now)]
    if not parts:
        return words("You have not asked for anything yet. `/video help` tells how.")
    hint = "`/video status ID` tells more of one, `/video again ID` renders it again."
    body = [*map(blocks.section, parts), blocks.context(hint)]
    return Message(text="\n\n".join(parts), blocks=body)


def spends(months: Sequence[tuple[str, Sequence[tuple[str, Spend]]]], unit: str | None) -> Message:
    """Return what was spent: for each month's name, for each name of whose, the spend."""
    parts = [
        "\n".join([f"*{month}*", *(f"• {whose}: {spent(spend, unit)}" for whose, spend in rows)])
        for month, rows in months
    ]
    amounts = "" if unit else "Amounts are as billed by MindVideo. "
    note = (
        f"{amounts}Pending: MindVideo has not named the cost yet. A job counts in the month in "
        "which it was asked for; months begin in UTC."
    )
    body = [*map(blocks.section, parts), blocks.context(note)]
    return Message(text="\n\n".join([*parts, note]), blocks=body)


def spent(spend: Spend, unit: str | None) -> str:
    """Return what was spent, and for how many renders MindVideo has not named the cost yet."""
    if spend.priced == spend.pending == 0:
        return "nothing"
    pending = f"{figures.count(spend.pending, 'render')} pending"
    if spend.priced == 0:
        return pending
    known = f"{figures.money(spend.total, unit)} for {figures.count(spend.priced, 'render')}"
    return f"{known}, {pending}" if spend.pending else known


def _part(title: str, shown: Sequence[tuple[Job, Sheet]], now: Instant) -> list[str]:
    return [f"*{title}*", *(_line(job, sheet, now) for job, sheet in shown)] if shown else []


def _line(job: Job, sheet: Sheet, now: Instant) -> str:
    prompt = " ".join(prompt_of(job).split()) or sheet.model_title
    title = blocks.escape(blocks.shorten(prompt, PROMPT_IN_LIST))
    asked = f"`{job.id}` · {blocks.moment(job.created_at)} · <#{job.channel}>"
    return f"{title}\n{status_line(job, sheet, now)}\n{asked}"
