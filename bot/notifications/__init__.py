"""What is posted unasked, or beside a job's own messages: a step for each kind of notification."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.notifications import digest, job_event, resend
from bot.worker.engine import Pool, Step
from storage.notification import Notification, NotificationKind

NOTIFICATION_STEPS: Mapping[str, Step[Notification]] = MappingProxyType(
    {
        NotificationKind.FINISHED: job_event.notify,
        NotificationKind.FAILED: job_event.notify,
        NotificationKind.PARKED: job_event.notify,
        NotificationKind.OPERATOR_NEEDED: job_event.notify,
        NotificationKind.SHARED: job_event.notify,
        NotificationKind.DIGEST: digest.post_digest,
        NotificationKind.RESENT: resend.resend,
    },
)
"""The step to run for a due notification, by its kind."""

# The outbox gives out one row of a channel and a pool at a time, so that the notifications of the
# first pool appear in the order of their events. Files take minutes, and are posted in the threads
# of their jobs, so they have a pool of their own.
NOTIFICATION_POOLS = (
    Pool(
        steps=(
            NotificationKind.FINISHED,
            NotificationKind.FAILED,
            NotificationKind.PARKED,
            NotificationKind.OPERATOR_NEEDED,
            NotificationKind.SHARED,
            NotificationKind.DIGEST,
        ),
        size=8,
    ),
    Pool(steps=(NotificationKind.RESENT,), size=3),
)
