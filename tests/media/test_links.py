"""Tests of the signed links: their content, lifetime and signature."""

from __future__ import annotations

import pytest

from bot.media.links import LIFETIME_SECONDS, Hosted, MediaLinks

BASE = "https://bot.example"
HOSTED = Hosted(file_id="F123", suffix="png")
NOON = 1_700_000_000.0


def links(key: str = "xoxb-1", now: float = NOON) -> MediaLinks:
    """Return signed links with this key at this time."""
    return MediaLinks(BASE, key, now=lambda: now)


def name(link: str) -> str:
    """Return the last part of a link."""
    return link.removeprefix(f"{BASE}/media/")


def test_a_link_holds_file_and_type_and_ends_with_an_image_suffix() -> None:
    link = links().url(HOSTED)
    assert link.startswith(f"{BASE}/media/")
    assert link.endswith(".png")
    assert links().read(name(link)) == HOSTED


def test_a_link_is_valid_longer_than_an_idempotency_key() -> None:
    link = name(links().url(HOSTED))
    assert LIFETIME_SECONDS >= 24 * 3600
    assert links(now=NOON + LIFETIME_SECONDS - 1).read(link) == HOSTED
    assert links(now=NOON + LIFETIME_SECONDS).read(link) is None


def test_the_secret_is_not_in_the_link() -> None:
    assert "xoxb" not in links("xoxb-secret").url(HOSTED)


@pytest.mark.parametrize("other", ["", "x", ".png", "a.b.png", "WyJGMTIzIl0.AAAA.png"])
def test_an_unsigned_link_is_refused(other: str) -> None:
    assert links().read(other) is None


def test_a_changed_link_is_refused() -> None:
    link = name(links().url(HOSTED))
    assert links("xoxb-2").read(link) is None
    assert links().read(link.replace(".png", ".jpg")) is None
    assert links().read("X" + link) is None
