"""Commits the names that a job's input mentions, before anything is posted or sent."""

from __future__ import annotations

from dataclasses import replace

from bot.jobs.names import MOST_LOOKED_UP, load_names
from bot.options.mentions import mentioned, named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from storage.job import Job


async def name_mentions(claim: Claim[Job]) -> None:
    """Ask Slack for the names that the row lacks, and commit them. Safe to repeat.

    Raises `RetryLaterError` and `OperatorMustActError`.
    """
    ids = [each for value in claim.row.input.values() for each in mentioned(value)]
    missing = [each for each in dict.fromkeys(ids) if each not in claim.row.names]
    if not missing or len(claim.row.names) >= MOST_LOOKED_UP:
        return
    found = await load_names(missing, claim.services.directory)
    await claim.write(replace(claim.row, names={**claim.row.names, **found}), None)
    claim.prompts += prompts_of(named_input(claim.row))
