"""Shows what a request would send and cost, without making a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.jobs.services import Services
from bot.money.forecast import PriceToConfirm
from bot.options.doubts import Doubt, in_sentences
from bot.options.mentions import asked_input, named_input
from bot.options.part_labels import part_labels
from bot.options.references import files_named
from bot.options.schema import PROMPT
from bot.options.shots import Shot, has_prompt_of_shots, shots_in
from storage.admission import admit_uncounted
from storage.budget import (
    Admitted,
    AskFirst,
    Consent,
    NotAdmitted,
    admit,
    applied_caps,
    day_at,
    period_of,
)
from storage.job import Forecast, Instant, Job, QuestionKind, RepeatEvery

Decided: TypeAlias = Admitted | AskFirst | NotAdmitted


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a request would send and cost. Nothing was written, sent or charged."""

    prompt: str
    """As MindVideo would get it; empty for a model that takes none, and if nobody wrote it."""
    shots: Sequence[Shot]
    """As MindVideo would get them."""
    body: bytes
    """The body of the request to MindVideo, which has links in place of attached files."""
    has_files: bool
    """Whether the body names attached files: their links are made when it is sent."""
    forecast: Forecast
    decided: Decided
    """The decision of budgets now; of a request that starts later, that about its price alone."""
    unit: str | None
    """The unit of amounts, as in `Services`."""
    starts_at: Instant | None = None
    """When it would start; `None`: at once."""
    every: RepeatEvery | None = None
    """How often it would be repeated; `None`: it would not."""
    doubts: Sequence[str] = ()
    """What its user would be asked about first, because it may not be meant: a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDryRun:
    """What a set would send and cost. Nothing was written, sent or charged."""

    parts: tuple[DryRun, ...]
    """In their order."""
    forecast: Forecast
    """Of all together; unknown if that of one is."""
    decided: Decided
    """What budgets would say to all together now."""
    unit: str | None
    """As of `DryRun`."""
    labels: tuple[str, ...] = ()
    """What tells each part from the others."""
    doubts: Sequence[str] = ()
    """As of `DryRun`, of all parts."""


async def dry_run(
    asked: Job,
    forecast: Forecast,
    services: Services,
    agreed: PriceToConfirm | None,
    doubts: Sequence[Doubt],
) -> DryRun:
    """Return what a request, with the names that it mentions, would send and cost.

    A price to which its user `agreed` would not be asked about, but its `doubts` would. Raises
    `StoreError`.
    """
    decided = await _decided([asked], forecast, services, agreed)
    shown = _shown(asked, forecast, decided, services)
    return replace(shown, doubts=in_sentences(doubts))


async def dry_run_of_set(
    asked: Sequence[tuple[Job, Forecast]],
    forecast: Forecast,
    services: Services,
    agreed: PriceToConfirm | None,
    doubts: Sequence[Doubt],
) -> SetDryRun:
    """Return what several requests would send and cost together, else as `dry_run`."""
    decided = await _decided([job for job, _ in asked], forecast, services, agreed)
    return SetDryRun(
        parts=tuple(_shown(job, own, decided, services) for job, own in asked),
        forecast=forecast,
        decided=decided,
        unit=services.unit,
        labels=part_labels([job for job, _ in asked], services.catalog),
        doubts=in_sentences(doubts),
    )


def _shown(asked: Job, forecast: Forecast, decided: Decided, services: Services) -> DryRun:
    values = named_input(asked)
    model = services.catalog.get(asked.model)
    prompt = "" if has_prompt_of_shots(model, asked_input(asked)) else values.get(PROMPT)
    return DryRun(
        prompt=prompt if isinstance(prompt, str) else "",
        shots=shots_in(model, values),
        body=services.video.request_body(asked.model, values),
        has_files=bool(files_named(values)),
        forecast=forecast,
        decided=decided,
        unit=services.unit,
        starts_at=asked.starts_at,
        every=None if asked.repeat is None else asked.repeat.every,
    )


async def _decided(
    asked: Sequence[Job], forecast: Forecast, services: Services, agreed: PriceToConfirm | None
) -> Decided:
    """Return what an admission of the requests would decide now, by the same rule.

    Of requests that start later only the price is asked about now.
    """
    now, budgets = services.now(), services.store.budgets
    rules = await budgets.rules(asked[0].team, now)
    calendar = rules.policy.calendar
    counted = {
        (applied.counted, period_of(applied.cap.window, day_at(now, calendar), calendar))
        for job in asked
        for applied in applied_caps(rules, job, now)
    }
    uses = {one: await budgets.use(*one) for one in counted}

    def decide(consent: Consent) -> Decided:
        is_agreed = consent is Consent.CONFIRMED
        return admit_uncounted(asked, rules, now, is_price_agreed=is_agreed) or admit(
            asked, rules, lambda scope, period: uses[scope, period], now, consent=consent
        )

    decided = decide(Consent.NONE)
    is_about_price = isinstance(decided, AskFirst) and decided.kind is QuestionKind.PRICE
    if is_about_price and agreed is not None and agreed.covers(forecast):
        return decide(Consent.CONFIRMED)
    return decided
