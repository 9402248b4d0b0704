"""Tell what happened to budgets: levels, paces, drifts, restores, decisions, raises that end."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Message
from bot.messages import budget_notices
from bot.notifications.place import MESSAGE_SLOT, place_of, searched_since
from bot.worker.context import Claim
from bot.worker.outbox import Slot, post_once
from bot.worker.result import Done, Park, Result, Snooze
from storage.budget import OPERATOR
from storage.budget_notice import AlertDetail, DecisionDetail, PaceDetail
from storage.notification import Notification
from storage.price_drift import DriftDetail

UNREADABLE = "What happened to the budget cannot be read."
CHECKED = "It was checked before it could be told."
THE_OPERATOR = "Whoever runs this bot"


async def tell_alert(claim: Claim[Notification]) -> Result[Notification]:
    """Post that a budget is used to a level. As safe to repeat as `post_once`.

    The row of the same alert may be made anew after a restore: of the whole period, messages are
    searched for it first.
    """
    detail = AlertDetail.of(claim.row)
    if detail is None:
        return Park(row=claim.row, problem=UNREADABLE)
    is_here = claim.row.channel == detail.scope.name
    message = budget_notices.alert(detail, claim.services.unit, is_here=is_here)
    slot = searched_since(lambda _: detail.began_at)
    return await _post(claim, message, slot)


async def tell_pace(claim: Claim[Notification]) -> Result[Notification]:
    """Post that a budget is used up before its month ends. As safe to repeat as `post_once`.

    As of an alert, messages of the whole month are searched for it first.
    """
    detail = PaceDetail.of(claim.row)
    if detail is None:
        return Park(row=claim.row, problem=UNREADABLE)
    slot = searched_since(lambda _: detail.began_at)
    return await _post(claim, budget_notices.pace(detail, claim.services.unit), slot)


async def tell_drift(claim: Claim[Notification]) -> Result[Notification]:
    """Post that a price drifts from its forecast. As safe to repeat as `post_once`.

    Messages of the whole day are searched for it first.
    """
    detail = DriftDetail.of(claim.row)
    if detail is None:
        return Park(row=claim.row, problem=UNREADABLE)
    slot = searched_since(lambda _: detail.day_began_at)
    return await _post(claim, budget_notices.drift(detail, claim.services.unit), slot)


async def tell_restore(claim: Claim[Notification]) -> Result[Notification]:
    """Post that budgets count too little, unless somebody has checked it by now.

    As safe to repeat as `post_once`.
    """
    row, services = claim.row, claim.services
    since = (await services.store.budgets.rules(row.team, services.now())).uncounted_since
    if since is None or repr(since) != row.detail:
        return Done(row=replace(row, problem=CHECKED))
    return await _post(claim, budget_notices.restored(since))


async def tell_decision(claim: Claim[Notification]) -> Result[Notification]:
    """Post who changed the budget of a person or a channel. As safe to repeat as `post_once`."""
    detail = DecisionDetail.of(claim.row)
    if detail is None:
        return Park(row=claim.row, problem=UNREADABLE)
    who = THE_OPERATOR
    if detail.by != OPERATOR:
        who = (await claim.services.directory.person(detail.by)).name
    return await _post(claim, budget_notices.decision(detail, who, claim.services.unit))


async def tell_end(claim: Claim[Notification]) -> Result[Notification]:
    """Post that a raise has ended, once it has. As safe to repeat as `post_once`."""
    row, services = claim.row, claim.services
    detail = DecisionDetail.of(row)
    if detail is None or detail.until is None:
        return Park(row=row, problem=UNREADABLE)
    if services.now() < detail.until:
        # A clock that was wrong is corrected in all rows that are due, and in no raise.
        return Snooze(row=row, after=detail.until - services.now())
    is_here = row.channel == detail.scope.name
    return await _post(claim, budget_notices.raise_ended(detail, services.unit, is_here=is_here))


async def _post(
    claim: Claim[Notification], message: Message, slot: Slot[Notification] = MESSAGE_SLOT
) -> Result[Notification]:
    try:
        posted = await post_once(claim, slot, await place_of(claim), message)
    except UnreachablePlaceError as error:
        # It holds all the same, and `/video budget` shows it.
        return Done(row=replace(claim.row, problem=str(error)))
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts)))
