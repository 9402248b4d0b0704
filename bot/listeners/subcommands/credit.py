"""`/video credit …`: shows and keeps our own book of the credit at MindVideo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.budget_changes import not_in_charge
from bot.jobs.credit import CreditView, load_credit, refuse_unusable
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import credit
from bot.money.amounts import TypedAmount, read_amount_in_unit
from bot.options.catalog import Catalog
from bot.slack.markup import plain
from storage.budget import Booking

_CHANGE = lazy_compile(
    r"(?P<how>add|take)(?:\s+(?!for\b)(?P<amount>.+?))?(?P<reason>\s+for(?:\s+(?P<why>.*))?)?",
    re.DOTALL | re.IGNORECASE,
)
FEWEST_WORDS = 4
"""So many words without a digit are no amount."""
_QUOTES = "\"'“”„‟‘’«»"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    amount: TypedAmount
    is_taken: bool
    because: str


def _bind(text: str, _: Catalog) -> Handler | None:
    if not text:
        return _show
    found = _CHANGE.fullmatch(" ".join(plain(text).split()))
    if found is None or _is_prompt(found["amount"] or "", has_reason=bool(found["reason"])):
        return None
    because = (found["why"] or "").strip().strip(_QUOTES).strip()
    if found["amount"] is None:
        raise UsageError('Say how much: `/video credit add 200 for "receipt 17"`.')
    amount = read_amount_in_unit(found["amount"])
    how = found["how"].casefold()
    if not because:
        raise UsageError(f'Say what it is for: `/video credit {how} 200 for "receipt 17"`.')
    refuse_unusable(amount.figure, because)
    return partial(_book, _Change(amount=amount, is_taken=how == "take", because=because))


def _is_prompt(amount: str, *, has_reason: bool) -> bool:
    """Return whether the words in place of an amount are none: `add some colour for the scene`."""
    is_short = len(amount.split()) < FEWEST_WORDS and has_reason
    return not is_short and not any(map(str.isdigit, amount))


async def _show(interaction: Interaction, services: Services) -> Message:
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return credit.not_in_charge(refused.in_charge)
    return credit.credit_shown(await _load(interaction.team, services))


async def _book(change: _Change, interaction: Interaction, services: Services) -> Message:
    """Book an amount. Committed when it returns. Idempotent by `interaction.dedup_key`."""
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return credit.not_in_charge(refused.in_charge)
    figure = change.amount.in_unit(services.unit)
    amount = -figure if change.is_taken else figure
    booking = Booking(amount=amount, by=interaction.user, because=change.because, at=services.now())
    await services.store.budgets.book_credit(
        interaction.team, booking, dedup_key=interaction.dedup_key
    )
    view = await _load(interaction.team, services)
    return credit.credit_shown(None) if view is None else credit.booked(amount, view)


async def _load(team: str, services: Services) -> CreditView | None:
    return await load_credit(team, services.store.budgets, services.now(), unit=services.unit)


CREDIT = Subcommand(
    usage='credit [add|take 200 for "receipt 17"]',
    about="shows admins, and whom they name, what must be left at MindVideo by our own book, and "
    "how long it lasts; books what was paid",
    bind=_bind,
    most=None,
    words=frozenset({"add", "take", "for"}),
    is_of_the_team=True,
)
