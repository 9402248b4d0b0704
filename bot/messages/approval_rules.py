"""The words about who approves what: the answers to `/video budget confirm` and `approve`."""

from __future__ import annotations

from decimal import Decimal

from bot.base.ports import Message
from bot.messages import blocks, formatting
from storage.approval import ApprovalTerms


def confirm_set(limit: Decimal | None, unit: str | None) -> Message:
    """Return the answer to a change of the limit above which an asker confirms the price."""
    if limit is None:
        return _message("Nobody is asked any more to confirm a price.")
    return _message(
        f"From now on I ask before I render what costs more than {formatting.money(limit, unit)}."
    )


def changed(channel: str, terms: ApprovalTerms, unit: str | None) -> Message:
    """Return the answer to a change of the rule of a channel, or of the workspace."""
    return _message(f":white_check_mark: {_place(channel)}: {_terms(terms, unit)}")


def ended(channel: str) -> Message:
    """Return the answer to the end of a rule."""
    rest = "What the workspace says holds there now." if channel else "Budgets hold as before."
    return _message(f":white_check_mark: {_place(channel)}: no approval rule any more. {rest}")


def shown(terms: ApprovalTerms, confirm_above: Decimal | None, unit: str | None) -> Message:
    """Return what holds in a channel."""
    confirm = "No price has to be confirmed by whoever asks."
    if confirm_above is not None:
        limit = formatting.money(confirm_above, unit)
        confirm = f"Whoever asks for what costs more than {limit} confirms it first."
    return _message(f"Here: {_terms(terms, unit)}\n{confirm}")


def _terms(terms: ApprovalTerms, unit: str | None) -> str:
    number = next((number for number, tier in enumerate(terms.tiers) if tier), None)
    if number is None:
        who = "nobody is named, and this bot has no admins"
    else:
        who = " or ".join(f"<@{user}>" for user in terms.tiers[number])
        place = terms.places[number]
        who += f", asked in {blocks.place(place)}" if place else ", asked in direct messages"
    what = "what goes beyond a soft budget"
    if terms.above is not None:
        limit = formatting.money(terms.above, unit)
        what = f"what costs more than {limit}, or has no price yet, and {what}"
    own = " Where there is nobody else, they may approve their own." if terms.allows_own else ""
    waits = formatting.duration(terms.seconds)
    return f"approval is needed for {what}. It comes from {who}, within {waits}.{own}"


def _place(channel: str) -> str:
    return blocks.place(channel) if channel else "The whole workspace"


def _message(text: str) -> Message:
    return Message(text=text, blocks=blocks.sections(text))
