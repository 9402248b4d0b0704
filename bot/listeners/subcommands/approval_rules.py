"""`/video budget confirm …` and `approve …`: what is asked about, and who approves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from bot.base.errors import UnreachablePlaceError, UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.budget_changes import not_in_charge
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.messages import approval_rules, budget_answers
from bot.money.amounts import TypedAmount, read_amount_in_unit
from bot.options.catalog import Catalog
from bot.options.mentions import CHANNEL, PERSON
from bot.options.wording import quoted
from bot.slack.markup import plain
from storage.approval import LEAST_APPROVAL_SECONDS, MOST_APPROVAL_SECONDS, ApprovalRule, terms_of
from storage.job import is_direct

_DURATION = lazy_compile(r"(\d{1,3})(h|d)")
_SECONDS = MappingProxyType({"h": 3600.0, "d": 86400.0})
_PARTS = frozenset({"above", "by", "in", "within", "own"})
APPROVAL_WORDS = _PARTS | {"confirm", "approve"}
_OWN = MappingProxyType({"on": True, "off": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """The parts of a rule that a command changes; `None`: as it was."""

    here: bool
    """Whether it is the channel's rule, and not the workspace's."""
    is_end: bool = False
    """Whether the rule is removed."""
    above: TypedAmount | None = None
    approvers: tuple[str, ...] | None = None
    place: str | None = None
    seconds: float | None = None
    allows_own: bool | None = None

    def of(self, rule: ApprovalRule, unit: str | None) -> ApprovalRule:
        """Return the rule as it is then. Named approvers without a place are asked directly.

        Raises `UsageError` for an amount in another unit than `unit`.
        """
        if self.is_end:
            return ApprovalRule(team=rule.team, channel=rule.channel)
        place = rule.place if self.approvers is None else None
        return replace(
            rule,
            above=rule.above if self.above is None else self.above.in_unit(unit),
            approvers=rule.approvers if self.approvers is None else self.approvers,
            place=place if self.place is None else self.place,
            seconds=rule.seconds if self.seconds is None else self.seconds,
            allows_own=rule.allows_own if self.allows_own is None else self.allows_own,
        )


def bind_approval_rules(text: str, _: Catalog) -> Handler | None:
    """Return the handler for the text behind `budget`; `None`: it begins with another word.

    The text has Slack's markup. Raises `UsageError`.
    """
    words = text.split()
    match [word.casefold() for word in words]:
        case ["confirm", "off"]:
            return partial(_confirm_above, None)
        case ["confirm", "above", _, *_]:
            return partial(_confirm_above, read_amount_in_unit(plain(" ".join(words[2:]))))
        case ["confirm", *_]:
            raise UsageError("Type `/video budget confirm above 1`, or `… confirm off`.")
        case ["approve"]:
            return _show
        case ["approve", "here", *_]:
            return partial(_change, _read_change(words[2:], here=True))
        case ["approve", *_]:
            return partial(_change, _read_change(words[1:], here=False))
        case _:
            return None


def _read_change(words: Sequence[str], *, here: bool) -> RuleChange:
    """Return the change that is typed. Raises `UsageError`."""
    change, rest = RuleChange(here=here), list(words)
    if [word.casefold() for word in words] == ["off"]:
        return replace(change, is_end=True)
    if not rest:
        raise UsageError(_usage(""))
    while rest:
        word = rest.pop(0)
        if not rest:
            raise UsageError(_usage(word))
        change = _with_part(change, word, rest)
    return change


def _with_part(change: RuleChange, word: str, rest: list[str]) -> RuleChange:
    """Return the change with the part that `word` names; its words are taken from `rest`."""
    match word.casefold():
        case "above":
            return replace(change, above=_amount(word, rest))
        case "by":
            return replace(change, approvers=_people(rest))
        case "in":
            return replace(change, place=_channel(rest.pop(0)))
        case "within":
            return replace(change, seconds=_seconds(rest.pop(0)))
        case "own" if rest[0].casefold() in _OWN:
            return replace(change, allows_own=_OWN[rest.pop(0).casefold()])
        case _:
            raise UsageError(_usage(word))


def _amount(word: str, rest: list[str]) -> TypedAmount:
    """Return the amount behind `word`, which may have a unit; its words are taken from `rest`."""
    is_part = [one.casefold() in _PARTS for one in rest]
    count = is_part.index(True) if True in is_part else len(rest)
    if not count:
        raise UsageError(_usage(word))
    typed, rest[:] = rest[:count], rest[count:]
    return read_amount_in_unit(plain(" ".join(typed)))


def _usage(word: str) -> str:
    typed = f"I do not understand {quoted(plain(word))} there. " if word else ""
    return (
        f"{typed}Type `/video budget approve above 5 by @mia @tom`; `in #channel`, `within 24h` "
        "and `own on` may follow. `approve here …` is for this channel, and `approve off` ends it."
    )


def _people(rest: list[str]) -> tuple[str, ...]:
    people = []
    while rest and (person := PERSON.fullmatch(rest[0].removesuffix(","))):
        people.append(person[1])
        rest.pop(0)
    if not people:
        raise UsageError(
            f"Slack did not tell me who {quoted(plain(rest[0]))} is. Choose each person from the "
            "list that opens behind `@`."
        )
    return tuple(dict.fromkeys(people))


def _channel(word: str) -> str:
    found = CHANNEL.fullmatch(word)
    if found is None:
        raise UsageError(
            f"Slack did not tell me which channel {quoted(plain(word))} is. Choose it from the "
            "list that opens behind `#`."
        )
    return found[1]


def _seconds(word: str) -> float:
    found = _DURATION.fullmatch(word.casefold())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not LEAST_APPROVAL_SECONDS <= seconds <= MOST_APPROVAL_SECONDS:
        raise UsageError("A request can wait from `1h` to `7d` for its approval.")
    return seconds


async def _confirm_above(
    typed: TypedAmount | None, interaction: Interaction, services: Services
) -> Message:
    """Set above which price the asker is asked. Committed when it returns. Idempotent."""
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return budget_answers.not_in_charge(refused)
    limit = None if typed is None else typed.in_unit(services.unit)
    budgets, now = services.store.budgets, services.now()
    policy = (await budgets.rules(interaction.team, now)).policy
    if policy.confirm_above != limit:
        changed = replace(policy, confirm_above=limit)
        await budgets.set_policy(
            interaction.team, changed, interaction.user, now, dedup_key=interaction.dedup_key
        )
    return approval_rules.confirm_set(limit, services.unit)


async def _show(interaction: Interaction, services: Services) -> Message:
    """Show who approves what in this channel."""
    rules = await services.store.budgets.rules(interaction.team, services.now())
    admins = rules.admins or tuple(sorted(services.admins))
    terms = terms_of(rules.approvals, admins, interaction.channel)
    return approval_rules.shown(terms, rules.policy.confirm_above, services.unit)


async def _change(change: RuleChange, interaction: Interaction, services: Services) -> Message:
    """Change the rule of the workspace or the channel. Committed when it returns. Idempotent."""
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return budget_answers.not_in_charge(refused)
    team, channel = interaction.team, interaction.channel if change.here else ""
    if is_direct(channel):
        raise UsageError("A direct conversation has no approvers of its own: leave `here` out.")
    for user in change.approvers or ():
        await _require_approver(user, interaction, services)
    if change.place is not None:
        await _require_place(change.place, interaction, services)
    budgets, now = services.store.budgets, services.now()
    rules = await budgets.rules(team, now)
    of_channel = (rule for rule in rules.approvals if rule.channel == channel)
    before = next(of_channel, ApprovalRule(team=team, channel=channel))
    after = change.of(before, services.unit)
    if after != before:
        await budgets.set_approval_rule(
            after, interaction.user, now, dedup_key=interaction.dedup_key
        )
    if change.is_end:
        return approval_rules.ended(channel)
    changed = [rule for rule in rules.approvals if rule.channel != channel]
    admins = rules.admins or tuple(sorted(services.admins))
    terms = terms_of([*changed, after], admins, channel)
    return approval_rules.changed(channel, terms, services.unit)


async def _require_approver(user: str, interaction: Interaction, services: Services) -> None:
    """Refuse guests, apps and people of other workspaces as approvers."""
    person = await services.directory.identify(user)
    if not person.is_member_of(interaction.team):
        who = person.name or "One of them"
        raise UsageError(
            f"{who} cannot approve: only full members of this workspace can, and no apps."
        )


async def _require_place(channel: str, interaction: Interaction, services: Services) -> None:
    """Refuse a channel in which the bot cannot ask, or others than this workspace would read."""
    try:
        conversation = await services.directory.conversation(channel)
        if not await services.directory.is_member(channel, interaction.user):
            raise UsageError("You are not in that channel, so choose another one.")
        if not conversation.has_bot:
            await services.chat.join(channel)
    except UnreachablePlaceError:
        raise UsageError("I cannot get into that channel: invite me there first.") from None
    if conversation.is_shared:
        raise UsageError("People of another organisation read that channel: choose another one.")
