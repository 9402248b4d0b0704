"""The limits of the simulated Slack."""

from __future__ import annotations

import pytest

from sandbox.slack.limits import RateLimiter, RateLimits

POST, SHARE, EDIT = "chat.postMessage", "files.completeUploadExternal", "chat.update"


def is_taken(limiter: RateLimiter, method: str, channel: str, now: float) -> bool:
    """Make a call; return whether it was taken."""
    name = "channel_id" if method == SHARE else "channel"
    if limiter.refuse(method, {name: channel}, now) is not None:
        return False
    limiter.count(method, {name: channel}, now)
    return True


def test_a_channel_takes_one_message_a_second() -> None:
    """Whichever method brings it; and none before the pause that was named is over."""
    limiter = RateLimiter(RateLimits())
    calls = [(POST, "C1", 0.0), (POST, "C2", 0.0), (SHARE, "C1", 0.5), (POST, "C1", 1.2)]
    assert [is_taken(limiter, *call) for call in calls] == [True, True, False, False]
    assert is_taken(limiter, POST, "C1", 2.3)
    assert all(is_taken(limiter, "chat.postEphemeral", "C1", 2.3) for _ in range(5))


@pytest.mark.parametrize("most", [10, 50])
def test_a_workspace_takes_so_many_edits_in_any_minute(most: int) -> None:
    """The refusal names when there is room again."""
    limiter = RateLimiter(RateLimits(edits_per_minute=most))
    assert all(is_taken(limiter, EDIT, f"C{second}", second) for second in range(most))
    refused = limiter.refuse(EDIT, {}, most)
    assert refused is not None
    assert refused.retry_after == str(60 - most)
    assert not is_taken(limiter, EDIT, "C1", 59.5)
    assert is_taken(limiter, EDIT, "C1", 60.5)
