"""Several videos asked for at once: the jobs that the store takes whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from bot.jobs.accept import DUPLICATE_SECONDS, Interaction
from bot.jobs.forecast import load_forecast
from bot.jobs.services import Services
from storage.budget import NotAdmitted
from storage.job import Event, EventName, Job
from storage.store import Inserted, InsertTerms


async def insert_set(
    interaction: Interaction, prompts: Sequence[str], services: Services
) -> tuple[Inserted, ...] | NotAdmitted:
    """Insert one job for each prompt, all of them or none, under keys that begin alike.

    As `accept` does with one. Raises `StoreError`.
    """
    now = services.now()
    model = services.catalog.default
    jobs = []
    for number, prompt in enumerate(prompts):
        price, forecast = await load_forecast(model, {"prompt": prompt}, services, now)
        jobs.append(
            Job(
                id=services.new_id(),
                dedup_key=f"{interaction.dedup_key}#{number}",
                team=interaction.team,
                channel=interaction.channel,
                user=interaction.user,
                surface=interaction.surface,
                reply_to=interaction.reply_to,
                model=model.slug,
                input={"prompt": prompt},
                kind=model.slug,
                price=price,
                forecast=forecast,
                reserved=forecast.amount,
                created_at=now,
                due_at=now,
            )
        )
    event = Event(at=now, name=EventName.ACCEPTED, detail=interaction.surface)
    terms = InsertTerms(equal_since=now - DUPLICATE_SECONDS)
    return await services.store.jobs.insert_set([(job, event) for job in jobs], terms)
