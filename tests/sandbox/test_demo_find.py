"""Finding and keeping on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from bot.jobs import find as finding
from sandbox.slack.entities import ANA, BEN
from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE, WINDOW = (390, 800), (1280, 900)


@pytest.mark.parametrize("size", [PHONE, WINDOW])
async def test_videos_are_found_paged_and_kept(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """With the keyboard alone; nothing stands out of the window, on a phone either."""
    monkeypatch.setattr(finding, "ON_PAGE", 2)
    width, height = size
    async with running_bot() as bot:
        for number, user in enumerate((ANA, BEN, ANA)):
            await bot.type(f"beach number {number} --duration 5", user=user)
            await bot.until_delivered(number + 1)
        page = await browser.new_page(viewport={"width": width, "height": height})
        await page.goto(f"{bot.sandbox.slack_url}/#user={ANA}")
        composer = page.get_by_test_id("composer-input")
        await composer.fill("/video find beach")
        await composer.press("Enter")
        found = page.get_by_test_id("message").filter(has_text="Found:")
        await expect(found).to_contain_text("beach number 2")
        await expect(found).to_contain_text("beach number 1")
        await expect(found).not_to_contain_text("beach number 0")
        fits = "node => node.scrollWidth <= node.clientWidth + 1"
        assert await found.evaluate(fits)
        await found.get_by_role("button", name="Older").focus()
        await page.keyboard.press("Enter")
        await expect(found).to_contain_text("beach number 0")
        await expect(found).not_to_contain_text("beach number 2")
        await found.get_by_label("More actions").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="Keep")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("messages")).to_contain_text("is kept")
        await found.get_by_role("button", name="Newer").focus()
        await page.keyboard.press("Enter")
        await expect(found).to_contain_text("beach number 2")
        await composer.fill("/video find --kept")
        await composer.press("Enter")
        kept = page.get_by_test_id("message").filter(has_text="that are kept")
        await expect(kept).to_contain_text("beach number 0")
        await expect(kept).to_contain_text("kept by you")
        await page.close()
