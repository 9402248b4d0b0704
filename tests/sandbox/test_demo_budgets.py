"""Tests of budgets on the demo page in Chromium, with the real bot and two people."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.slack.entities import ANA, GENERAL, MIA
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_page(browser: Browser, bot: RunningBot, user: str) -> Page:
    """Open the demo page as a person, in #general."""
    page = await browser.new_page(viewport={"width": 1280, "height": 1000})
    await page.goto(f"{bot.sandbox.slack_url}/#user={user}")
    await page.get_by_test_id("channel-title").wait_for()
    return page


async def send(page: Page, text: str) -> None:
    """Type a text into the channel and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


@pytest.mark.proof
async def test_an_admin_sets_a_budget_at_home_and_another_person_meets_it(
    browser: Browser,
) -> None:
    """The form says what is wrong in it; the other person sees what is left, and is refused."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        mia, ana = await open_page(browser, bot, MIA), await open_page(browser, bot, ANA)
        await mia.get_by_text("Video", exact=True).first.click()
        await mia.get_by_test_id("tab-home").click()
        await mia.get_by_text("Change budgets").click()
        modal = mia.get_by_test_id("modal")
        await modal.get_by_label("Whose budget").select_option("A channel")
        await modal.get_by_label("Channel", exact=False).last.select_option(GENERAL)
        await modal.get_by_label("Amount in USD").fill("-5")
        await modal.get_by_text("Change", exact=True).click()
        await expect(modal).to_contain_text("-5 is no amount.")
        await modal.get_by_label("Amount in USD").fill("0.2")
        await modal.get_by_text("Change", exact=True).click()
        await expect(modal).to_be_hidden()
        await expect(mia.get_by_test_id("home")).to_contain_text("0.2 USD left of 0.2 USD")

        messages = ana.get_by_test_id("messages")
        await expect(messages).to_contain_text("mia set this channel's budget per day to 0.2 USD.")
        await send(ana, "/video budget")
        await expect(messages).to_contain_text("You can spend 0.2 USD more here")
        await send(ana, "/video a lake --mode pro --duration 5")
        await ana.get_by_text("Render it", exact=False).first.click()
        await expect(messages).to_contain_text("cost 0.126 USD")
        await expect(messages).to_contain_text("Half of this channel's budget per day is used")
        await send(ana, "/video a hill --mode pro --duration 5")
        await expect(messages).to_contain_text("This channel's budget per day has no room")
        await expect(messages.get_by_test_id("message").last).to_contain_text("@Mia Chen")
