"""Fixtures of the scenarios."""

from __future__ import annotations

import pytest

from bot.worker import retry


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 40 tries be too many, in place of the 400 that tests/worker/test_retry.py holds."""
    monkeypatch.setattr(retry, "KNOWN_TRIES", 40)
