"""What is posted unasked, or beside a job's own messages: a step for each kind of notification."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.notifications import (
    approval,
    budget,
    cast_copy,
    cost_file,
    deletion,
    digest,
    follow,
    job_event,
    poster,
    resend,
    sets,
    setting,
    share,
    stitch,
    unreadable,
    welcome,
)
from bot.worker.engine import Pool, Step
from storage.notification import Notification, NotificationKind

NOTIFICATION_STEPS: Mapping[str, Step[Notification]] = MappingProxyType(
    {
        NotificationKind.FINISHED: job_event.notify,
        NotificationKind.FAILED: job_event.notify,
        NotificationKind.PARKED: job_event.notify,
        NotificationKind.OPERATOR_NEEDED: job_event.notify,
        NotificationKind.SHARED: share.share,
        NotificationKind.UNREADABLE: unreadable.notify,
        NotificationKind.DIGEST: digest.post_digest,
        NotificationKind.SETTING_CHANGED: setting.tell_setting,
        NotificationKind.BUDGET_ALERT: budget.tell_alert,
        NotificationKind.BUDGET_PACE: budget.tell_pace,
        NotificationKind.PRICE_DRIFT: budget.tell_drift,
        NotificationKind.BUDGETS_RESTORED: budget.tell_restore,
        NotificationKind.BUDGET_CHANGED: budget.tell_decision,
        NotificationKind.RAISE_ENDED: budget.tell_end,
        NotificationKind.APPROVAL_CARD: approval.tell_approvers,
        NotificationKind.APPROVAL_STATUS: approval.tell_asker,
        NotificationKind.COST_FILE: cost_file.bring,
        NotificationKind.CAST_MEMBER: cast_copy.bring,
        NotificationKind.RESENT: resend.resend,
        NotificationKind.FOLLOWED: follow.follow,
        NotificationKind.POSTER: poster.bring_poster,
        NotificationKind.WELCOME: welcome.tell_welcome,
        NotificationKind.SET: sets.show_set,
        NotificationKind.STITCHED: stitch.stitch,
        NotificationKind.DELETED: deletion.delete_result,
    },
)
"""The step to run for a due notification, by its kind."""

# The outbox gives out one row of a channel and a pool at a time, so that the notifications of the
# first pool appear in the order of their events. Files take minutes, and come in any order, so they
# have a pool of their own.
NOTIFICATION_POOLS = (
    Pool(
        steps=(
            NotificationKind.FINISHED,
            NotificationKind.FAILED,
            NotificationKind.PARKED,
            NotificationKind.OPERATOR_NEEDED,
            NotificationKind.UNREADABLE,
            NotificationKind.DIGEST,
            NotificationKind.SETTING_CHANGED,
            NotificationKind.BUDGET_ALERT,
            NotificationKind.BUDGET_PACE,
            NotificationKind.PRICE_DRIFT,
            NotificationKind.BUDGETS_RESTORED,
            NotificationKind.BUDGET_CHANGED,
        ),
        size=8,
    ),
    Pool(steps=(NotificationKind.RAISE_ENDED,), size=1),
    Pool(steps=(NotificationKind.WELCOME,), size=2),
    Pool(steps=(NotificationKind.APPROVAL_CARD, NotificationKind.APPROVAL_STATUS), size=4),
    Pool(steps=(NotificationKind.COST_FILE, NotificationKind.CAST_MEMBER), size=2),
    Pool(steps=(NotificationKind.SET,), size=4),
    # Nobody waits for a poster, and one video is read at a time.
    Pool(steps=(NotificationKind.POSTER,), size=2),
    # One film is joined at a time, for minutes.
    Pool(steps=(NotificationKind.STITCHED,), size=1),
    # Nobody waits behind a video that is brought for somebody else.
    Pool(steps=(NotificationKind.DELETED,), size=2),
    Pool(
        steps=(NotificationKind.RESENT, NotificationKind.SHARED, NotificationKind.FOLLOWED),
        size=3,
    ),
)
