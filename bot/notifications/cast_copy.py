"""Save a member of the cast, and bring a copy of its picture of the bot's own to Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import Download, ImageBytes, Message, Place
from bot.base.traces import current_traceparent
from bot.jobs.accept import Interaction
from bot.jobs.saved import SavedFor, scope_of
from bot.jobs.services import Services
from bot.messages import cast
from bot.notifications.place import MESSAGE_SLOT, place_of
from bot.options.cast import MOST_FORMER, CastMember
from bot.worker.context import Claim
from bot.worker.delivery import Content, deliver_once
from bot.worker.outbox import post_once
from bot.worker.result import Done, Park, Result
from bot.worker.upload import OutgoingFile, in_memory, upload_once
from storage.job import NOT_DELIVERED
from storage.notification import Notification, NotificationKind, notification_id
from storage.notification_detail import NotificationDetail
from storage.saved import Editor, Saved, SavedKey, SavedKind, Written

UNREADABLE = "Whose picture this is cannot be read."
SAVED_ANEW = "It was saved anew, or deleted, before its picture was brought."


@dataclass(frozen=True, slots=True, kw_only=True)
class CastCopy(NotificationDetail):
    """A copy that is to be brought, as a notification's `detail` holds it."""

    name: str
    """The name under which it was saved."""
    scope: str
    """The scope of the member; its value has the row's ID, whatever its name is then."""
    saved_for: SavedFor
    source: str
    """The ID of the file of which the copy is made."""
    by: str
    """The ID of the user who saved it."""


async def save_member(  # noqa: PLR0917 - what is saved, for whom, and by whom
    name: str,
    saved_for: SavedFor,
    source: str,
    earlier: CastMember | None,
    interaction: Interaction,
    services: Services,
) -> Written:
    """Save a member of the cast, and put the copy of its picture into the outbox, in one commit.

    Until Slack has the copy, the `earlier` member of this name keeps its picture. Idempotent by
    `interaction.dedup_key`. Raises `StoreError`.
    """
    now, kind = services.now(), NotificationKind.CAST_MEMBER
    scope = scope_of(saved_for, interaction.team, interaction.user, interaction.channel)
    is_own = saved_for is SavedFor.PERSON
    copy = CastCopy(name=name, scope=scope, saved_for=saved_for, source=source, by=interaction.user)
    row = Notification(
        id=notification_id(kind, interaction.channel, interaction.dedup_key),
        team=interaction.team,
        channel=interaction.user if is_own else interaction.channel,
        thread_ts=None if is_own else interaction.reply_to.thread_ts,
        kind=kind,
        happened_at=now,
        traceparent=current_traceparent(),
        detail=copy.to_text(),
        due_at=now,
    )
    known = CastMember(name=name) if earlier is None else earlier
    written = await services.store.saved.save(
        SavedKey(kind=SavedKind.CAST, scope=scope, name=name),
        replace(known, copying=row.id).to_value(),
        Editor(user=interaction.user, is_admin=services.is_admin(interaction.user)),
        now,
        told=row,
    )
    services.wake()
    return written


async def bring(claim: Claim[Notification]) -> Result[Notification]:
    """Share the copy once, and let the member have it. As safe to repeat as `deliver_once`.

    One that was saved anew or deleted meanwhile gets none. Of a picture that cannot be used whoever
    saved it is told directly, and the member is as it was before.
    """
    row, services = claim.row, claim.services
    copy = CastCopy.of(row)
    if copy is None:
        return Park(row=row, problem=UNREADABLE)
    saved = await _saved(row, copy, services)
    if row.problem is not None:
        return await _give_up(claim, copy, saved, row.problem)
    if saved is None:
        # It has its picture already, if an earlier attempt has shared that.
        is_done = row.delivery.ts is not None
        return Done(row=row if is_done else replace(row, problem=SAVED_ANEW))
    try:
        await _deliver(claim, copy, saved)
        brought = await _brought(claim, saved, services)
    except RefusedError as error:
        # Written first: a member that does not wait any more says nothing of why.
        failed = replace(claim.row, problem=str(error), delivery=NOT_DELIVERED)
        await claim.write(failed, None)
        return await _give_up(claim, copy, saved, str(error))
    await services.store.saved.replace_value(
        SavedKind.CAST, copy.scope, saved.value, brought.to_value()
    )
    return Done(row=claim.row)


async def _saved(row: Notification, copy: CastCopy, services: Services) -> Saved | None:
    """Return the member that waits for the copy of a row, whatever its name is now."""
    found = await services.store.saved.within({SavedKind.CAST}, {copy.scope})
    return next((one for one in found if _member(one).copying == row.id), None)


def _member(saved: Saved) -> CastMember:
    return CastMember.of_value(saved.key.name, saved.value)


async def _deliver(claim: Claim[Notification], copy: CastCopy, saved: Saved) -> None:
    """Upload and share the copy, and commit where; else raise as `deliver_once` does."""
    name = saved.key.name
    maker = (await claim.services.directory.person(copy.by)).name

    async def upload(place: Place) -> None:
        uploads = claim.row.delivery.uploads
        if uploads and uploads[0].sent:
            return
        image = await claim.services.images.copied(copy.source)
        outgoing = OutgoingFile(
            open=lambda: _opened(image),
            name=lambda _: f"{name}.{image.suffix}",
            alt_text=cast.alt_text(name),
        )
        await upload_once(claim, MESSAGE_SLOT, 0, outgoing, place.channel)

    async def compose() -> Message:
        return cast.picture(name, copy.saved_for, maker, claim.row.id)

    content = Content(bring=upload, title=name, compose=compose, may_be_links=False)
    place = await place_of(claim)
    if claim.row.delivery.channel is None and place.channel != claim.row.channel:
        # The direct conversation in which the file is.
        opened = replace(claim.row.delivery, channel=place.channel)
        await claim.write(replace(claim.row, delivery=opened), None)
    user = None if copy.saved_for is SavedFor.PERSON else copy.by
    await deliver_once(claim, MESSAGE_SLOT, content, place=place, user=user)


async def _brought(claim: Claim[Notification], saved: Saved, services: Services) -> CastMember:
    """Return the member with the file that was shared. Raises `NotFoundError` if it is not there.

    After a restore of a backup only the message may be known, and not its file.
    """
    delivery, member = claim.row.delivery, _member(saved)
    channel = delivery.channel or claim.row.channel
    files = [upload.file_id for upload in delivery.uploads]
    if not files:
        root = claim.row.thread_ts if channel == claim.row.channel else None
        found = await services.files.in_thread(channel, root or delivery.ts or "")
        files = [one.id for one in found if one.message_ts == delivery.ts]
    if not files:
        raise NotFoundError("The picture is not there any more.")
    place = await services.directory.conversation(channel)
    former = member.former if member.file is None else (member.file, *member.former)
    return CastMember(
        name=member.name,
        file=files[0],
        channel=channel,
        is_public=place.is_public,
        former=former[:MOST_FORMER],
    )


async def _give_up(
    claim: Claim[Notification], copy: CastCopy, saved: Saved | None, reason: str
) -> Result[Notification]:
    """Let the member be as it was before, if it waits still, and tell whoever saved it."""
    if saved is not None:
        await _forget(saved, claim.services)
    return await _tell(claim, copy, reason)


async def _forget(saved: Saved, services: Services) -> None:
    """Let a member be as it was before; delete one that never had a picture."""
    member = _member(saved)
    before = None if member.file is None else replace(member, copying="").to_value()
    await services.store.saved.replace_value(SavedKind.CAST, saved.key.scope, saved.value, before)


async def _tell(claim: Claim[Notification], copy: CastCopy, reason: str) -> Result[Notification]:
    """Tell whoever saved a member that it could not be. As safe to repeat as `post_once`."""
    message = cast.not_saved(copy.name, reason)
    try:
        place = Place(channel=await claim.services.chat.open_direct(copy.by))
        posted = await post_once(claim, MESSAGE_SLOT, place, message)
    except RefusedError:
        return Done(row=claim.row)
    told = replace(claim.row.delivery, channel=place.channel, ts=posted.ts)
    return Done(row=replace(claim.row, delivery=told))


@asynccontextmanager
async def _opened(image: ImageBytes) -> AsyncIterator[Download]:
    yield in_memory(bytes(image.data), image.content_type)
