"""What one person is told when the store fails."""

from __future__ import annotations

from bot.messages import form, replies
from storage.store import StoreBrokenError, StoreError, StoreFullError


def test_who_asks_while_nothing_can_be_written_hears_that_nothing_was_taken() -> None:
    for error in (StoreFullError("no space"), StoreError("refused")):
        assert "try again later" in replies.store_failed(error).text
        assert "nothing was started" in form.store_failed(error)


def test_nobody_is_told_that_what_may_be_on_disk_was_not_taken() -> None:
    broken = StoreBrokenError("fsync failed")
    for text in (replies.store_failed(broken).text, form.store_failed(broken)):
        assert "not sure" in text
        assert "nothing was" not in text.lower()
