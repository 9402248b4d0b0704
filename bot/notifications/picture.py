"""Completes the upload of a picture that messages show without its being shared."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.base.errors import NotFoundError, RetryLaterError
from bot.jobs.call_limits import uploads as uploads_of
from bot.worker.context import Claim
from bot.worker.permits import shared_refusals
from storage.job import EventName
from storage.notification import Notification

PROCESSED_SECONDS = 1.5
"""How long Slack takes to find out that a file is a picture."""


async def is_ready(claim: Claim[Notification], title: str) -> bool:
    """Complete the row's upload; return whether Slack knows the file as a picture, and shows it.

    Raises `RetryLaterError` if the file is gone, without the upload in the row.
    """
    services = claim.services
    file_id = claim.row.delivery.uploads[0].file_id
    if claim.row.delivery.intent_at is not None and await _is_picture(claim, file_id):
        return True
    # Refused for a file that is gone, and for one that an earlier try has completed.
    with suppress(NotFoundError):
        async with shared_refusals(services, uploads_of(claim.row.team)):
            await services.chat.complete_upload(file_id, title)
    await claim.wait_until(services.now() + PROCESSED_SECONDS)
    return await _is_picture(claim, file_id)


async def _is_picture(claim: Claim[Notification], file_id: str) -> bool:
    try:
        state = await claim.services.chat.file_state(file_id, claim.row.channel)
    except NotFoundError as error:
        anew = replace(claim.row.delivery, uploads=(), intent_at=None)
        await claim.record(replace(claim.row, delivery=anew), EventName.FILE_GONE)
        raise RetryLaterError("The picture is gone from Slack.") from error
    return state.is_picture
