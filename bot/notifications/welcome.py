"""Welcome a user who opens the app for the first time, and a channel that the bot is invited to."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import UnreachablePlaceError
from bot.jobs.access import is_admitted
from bot.jobs.examples import load_examples
from bot.jobs.services import Services
from bot.messages.welcome import welcome
from bot.notifications.place import PEOPLE, place_of, slot_since
from bot.worker.context import Claim
from bot.worker.outbox import post_once
from bot.worker.result import Done, Result
from storage.job import REQUESTED, Instant
from storage.notification import Notification, NotificationKind, notification_id
from storage.store import JobFilter

ALL_TIME = 0.0
"""The welcome may have been posted at any time before a restore."""


def welcome_row(team: str, place: str, now: Instant) -> Notification:
    """Return the row of the outbox for the only welcome to a user or a channel."""
    kind = NotificationKind.WELCOME
    return Notification(
        id=notification_id(kind, place, team),
        team=team,
        channel=place,
        kind=kind,
        happened_at=now,
        due_at=now,
    )


async def tell_welcome(claim: Claim[Notification]) -> Result[Notification]:
    """Post the welcome. As safe to repeat as `post_once`."""
    row, services = claim.row, claim.services
    if not await _is_welcome(row, services):
        return Done(row=row)
    message = welcome(
        await load_examples(services), services.unit, is_channel=not row.channel.startswith(PEOPLE)
    )
    try:
        posted = await post_once(
            claim, await slot_since(claim, ALL_TIME), await place_of(claim), message
        )
    except UnreachablePlaceError as error:
        return Done(row=replace(claim.row, problem=str(error)))
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts)))


async def _is_welcome(row: Notification, services: Services) -> bool:
    """Return whether it is a channel, or a user who may use the bot and never has."""
    if not row.channel.startswith(PEOPLE):
        return True
    if not await is_admitted(row.channel, row.team, services):
        return False
    asked = JobFilter(team=row.team, user=row.channel, stages=REQUESTED, limit=1)
    return not await services.store.jobs.jobs(asked)
