"""Tests of the demo page in Chromium with the real bot: the first steps of a new user."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.demo.run import PIA, share_with_partner
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, MIA
from tests.support.conversation import direct_channel, names_cost
from tests.support.images import image_bytes
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_page(browser: Browser, bot: RunningBot) -> Page:
    """Open the demo page as Ana, in #general."""
    page = await browser.new_page(viewport={"width": 1280, "height": 1000})
    await page.goto(bot.sandbox.slack_url)
    return page


async def send(page: Page, text: str) -> None:
    """Type a text into the channel and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


async def test_a_new_user_makes_a_video_and_plays_it(browser: Browser) -> None:
    """Type the command, follow the message, open the thread, play the video, read the cost."""
    async with running_bot(render_seconds=2.0) as bot:
        page = await open_page(browser, bot)
        await send(page, "/video a red sports car at sunset --duration 10 --aspect-ratio 9:16")
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Ana Lima asked for a video")
        await expect(message).to_contain_text("Queued")
        await expect(message).to_contain_text("Done in")
        await expect(message).to_contain_text("cost 0.1512")
        await expect(message.get_by_test_id("edited")).to_be_visible()

        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await expect(thread).to_contain_text(re.compile("your video is ready.*cost 0.1512"))
        player = thread.get_by_test_id("file-video")
        await expect(player).to_have_attribute("aria-label", "a red sports car at sunset")
        await player.evaluate("video => { video.muted = true; return video.play(); }")
        await page.wait_for_function(
            "() => document.querySelector('[data-testid=file-video]').currentTime > 0"
        )
        assert await player.evaluate("video => video.videoHeight > video.videoWidth")


async def test_a_new_user_makes_a_video_by_form_with_an_image(browser: Browser) -> None:
    """Type the bare command, show all options, upload an image, submit, wait for the video."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await send(page, "/video ")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Prompt").fill("a paper boat in the rain")
        await modal.get_by_label("Mode").select_option("pro")
        await modal.get_by_label("Show all options").check()
        await expect(modal.get_by_label("Who divides the shots")).to_be_visible()
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value(
            "a paper boat in the rain"
        )
        await expect(modal.get_by_label("Mode")).to_have_value("pro")
        await modal.get_by_label(re.compile("^First frame(?!: link)")).set_input_files(
            {"name": "boat.png", "mimeType": "image/png", "buffer": image_bytes()}
        )
        await expect(modal.get_by_test_id("upload")).to_contain_text("boat.png")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await expect(message).to_contain_text("First frame: attached image")
        request = json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)
    assert request["input"]["first_frame_image"].startswith("data:image/png;base64,")
    assert (request["input"]["mode"], len(request["input"])) == ("pro", 3)


@pytest.mark.proof
async def test_an_error_is_shown_at_its_field_and_the_form_can_be_submitted_again(
    browser: Browser,
) -> None:
    """The other values are kept."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await page.get_by_role("button", name="Create a video").click()
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_label("Where the video goes")).to_have_value("C0GENERAL")
        await modal.get_by_label("Prompt").fill("   ")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal.get_by_text("Prompt is needed.")).to_be_visible()
        await modal.get_by_label("Prompt").fill("a lake")
        await page.get_by_test_id("modal-submit").click()
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await page.get_by_test_id("thread-open").click()
        await page.get_by_role("button", name="Edit and re-run").first.click()
        await expect(modal.get_by_label("Prompt")).to_have_value("a lake")
        await expect(modal).to_contain_text("Edit and re-run")


@pytest.mark.proof
async def test_a_finished_video_is_rendered_again_in_4k_and_shows_its_details(
    browser: Browser,
) -> None:
    """One click is one new message, and who clicked stands in the button's place."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video a paper boat in the rain")
        await expect(messages.first).to_contain_text("Done in")
        await expect(messages.first.get_by_role("button", name="Again")).to_have_count(0)
        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await thread.get_by_role("button", name="In 4K").click()
        await expect(thread).to_contain_text("In 4K by @Ana Lima")
        await expect(thread.get_by_role("button", name="In 4K")).to_have_count(0)
        await expect(messages.nth(1)).to_contain_text("made from job")
        await expect(messages.nth(1)).to_contain_text("Done in")

        await messages.nth(1).get_by_test_id("thread-open").click()
        await expect(thread).to_contain_text("Mode: 4k")
        await thread.get_by_role("button", name="Details").click()
        modal = page.get_by_test_id("modal")
        await expect(modal).to_contain_text("Mode: 4k")
        await expect(modal).not_to_contain_text("Idempotency key")
        await modal.get_by_role("button", name="Show IDs").click()
        await expect(modal).to_contain_text("Idempotency key")
        assert len(bot.sandbox.video.calls(Call.SUBMIT)) == 2


@pytest.mark.proof
async def test_the_help_fits_on_a_screen_and_the_list_leads_to_each_job(browser: Browser) -> None:
    """A prompt with marks is shown as it was typed; the link opens the job's message."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video a *red* boat --duration 10")
        await expect(messages.first).to_contain_text("Done in")
        await expect(messages.first).to_contain_text("a *red* boat")
        await expect(messages.first).to_contain_text("Duration: 10 s")
        await send(page, "/video help")
        await expect(messages.nth(1)).to_contain_text("All commands")
        box = await messages.nth(1).bounding_box()
        assert box is not None
        assert box["height"] < 1000, "the height of the window"
        await messages.nth(1).get_by_role("button", name="All commands").click()
        await expect(page.get_by_test_id("modal")).to_contain_text("/video notify")
        await page.get_by_test_id("modal-close").click()
        await expect(page.get_by_test_id("modal")).to_have_count(0)

        await send(page, "/video list")
        await messages.nth(2).get_by_role("link", name="a *red* boat").click()
        await expect(page.locator(".message-linked")).to_contain_text("a *red* boat")


@pytest.mark.proof
async def test_a_person_of_a_partner_is_in_the_shared_channel_and_told_privately(
    browser: Browser,
) -> None:
    """By command and by mention alike; nothing is rendered."""
    async with running_bot() as bot:
        share_with_partner(bot.sandbox.slack)
        page = await open_page(browser, bot)
        person = page.get_by_test_id(f"user-{PIA}")
        await expect(person).to_contain_text("partner")
        await expect(page.get_by_test_id(f"user-{MIA}")).to_contain_text("admin")
        await person.click()
        await expect(page.get_by_test_id("channel-title")).to_contain_text("open-studio")
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video a lake")
        await expect(messages.first).to_contain_text("Only visible to you")
        await expect(messages.first).to_contain_text("for the members of this workspace only")
        assert bot.sandbox.video.requests == []


@pytest.mark.proof
async def test_a_reply_in_the_thread_renders_again_and_home_shows_both(browser: Browser) -> None:
    """Each user's Home tab has their own videos, and *Again* works there."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await send(page, "/video a paper boat --mode pro")
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await page.get_by_test_id("thread-open").click()
        await page.get_by_test_id("thread-input").fill("@video make it night")
        await page.get_by_test_id("thread-input").press("Enter")
        thread = page.get_by_test_id("thread-messages")
        rerun = thread.get_by_test_id("message").filter(has_text="made from job")
        await expect(rerun).to_contain_text("Done in")
        await expect(rerun).to_contain_text("Mode: pro")
        await expect(rerun).to_contain_text(re.compile(r"a paper boat\.\s*\+ make it night"))
        await expect(rerun).to_contain_text("a new take")

        await page.get_by_test_id("sidebar").get_by_text("Video", exact=True).click()
        await page.get_by_test_id("tab-home").click()
        tab = page.get_by_test_id("home")
        await expect(tab).to_contain_text("make it night")
        await expect(tab).to_contain_text("a paper boat")
        await tab.get_by_role("button", name="Again: a paper boat", exact=True).click()
        await bot.until(lambda: len(bot.sandbox.video.calls(Call.SUBMIT)) == 3)
        await page.get_by_test_id(f"user-{BEN}").click()
        await page.get_by_test_id("tab-home").click()
        await expect(tab).to_contain_text("Nothing here yet")
        await expect(tab).to_contain_text("You: nothing")


@pytest.mark.proof
async def test_a_job_is_taken_back_before_it_starts(browser: Browser) -> None:
    """Its message says until when; whoever cancels it is answered once."""
    async with running_bot(SUBMIT_DELAY_SECONDS="60") as bot:
        page = await open_page(browser, bot)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video a paper boat in the rain")
        await expect(messages.first).to_contain_text(re.compile(r"starts in \d+ (s|min)"))
        await messages.first.get_by_role("button", name="Cancel").click()
        await expect(messages.first).to_contain_text("Cancelled by @Ana Lima")
        await expect(messages.first).to_contain_text("Nothing was charged")
        await expect(messages.nth(1)).to_contain_text("it costs nothing")
        await expect(messages).to_have_count(2)
        assert bot.sandbox.video.calls(Call.SUBMIT) == []


@pytest.mark.proof
async def test_small_talk_and_mistyped_commands_are_asked_about_before_they_are_rendered(
    browser: Browser,
) -> None:
    """A question costs nothing; its button makes the video."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video lsit")
        await expect(messages.first).to_contain_text("Did you mean /video list?")
        await messages.first.get_by_role("button", name="Render it anyway").click()
        await expect(messages.nth(1)).to_contain_text("Done in")
        await page.get_by_test_id("sidebar").get_by_text("Video", exact=True).click()
        await send(page, "thank you! 🙏")
        await expect(messages.nth(1)).to_contain_text("You are welcome!")
        await expect(messages.nth(1).get_by_role("button")).to_contain_text("Make a video of")
        await send(page, "what can you do?")
        await expect(messages.nth(3)).to_contain_text("I make videos from words")
        assert len(bot.sandbox.video.calls(Call.SUBMIT)) == 1


@pytest.mark.proof
async def test_a_refused_command_opens_in_the_form_with_what_was_typed(browser: Browser) -> None:
    """The answer tells everything that is wrong; the form has all that is right."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await send(page, "/video a paper boat --duration 40s --mode best --ar vertical")
        answer = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(answer).to_contain_text("2 things need a change")
        await expect(answer).to_contain_text("must be a whole number from 3 to 15")
        await answer.get_by_role("button", name="Open in the form").click()
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_label("Prompt")).to_have_value("a paper boat")
        await expect(modal.get_by_label("Aspect ratio")).to_have_value("9:16")
        await expect(modal).to_contain_text("you gave best")
        await page.get_by_test_id("modal-submit").click()
        await expect(page.get_by_test_id("messages")).to_contain_text("Done in")


@pytest.mark.proof
async def test_a_word_that_looks_like_an_option_is_asked_about(browser: Browser) -> None:
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await send(page, "/video a paper boat --4k")
        question = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(question).to_contain_text("--4k looks like an option")
        assert bot.sandbox.video.charges == []
        await question.get_by_role("button", name="Render it anyway").click()
        await expect(page.get_by_test_id("messages")).to_contain_text("Done in")
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.proof
async def test_a_second_person_approves_what_costs_more_than_the_limit(browser: Browser) -> None:
    """The admin sets the rule, Ana asks, Ben sees what he approves and the channel its video."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        page = await open_page(browser, bot)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await send(page, "/video a lake --mode pro --duration 5")
        await expect(messages.first).to_contain_text("cost 0.126 USD")
        await page.get_by_test_id(f"user-{MIA}").click()
        await send(page, "/video budget approve by @ben above 0.2")
        await expect(page.get_by_test_id("messages")).to_contain_text("approval is needed")
        await page.get_by_test_id(f"user-{ANA}").click()
        await send(page, "/video a hill at dawn --mode pro --duration 10")
        await expect(page.get_by_test_id("messages")).to_contain_text("I asked @")
        await page.get_by_test_id(f"user-{BEN}").click()
        await page.get_by_test_id(f"channel-{direct_channel(bot, BEN)}").click()
        await expect(messages.first).to_contain_text("needs an approval")
        await expect(messages.first).to_contain_text("about 0.252 USD")
        await messages.first.get_by_role("button", name="Approve").click()
        await expect(messages.first).to_contain_text("Approved by @")
        await expect(messages.first.get_by_role("button", name="Approve")).to_have_count(0)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)


@pytest.mark.proof
async def test_a_cost_report_is_shown_and_its_chart_comes(browser: Browser) -> None:
    """The chart is an image in the direct messages with the bot."""
    async with running_bot() as bot:
        page = await open_page(browser, bot)
        await send(page, "/video a red sports car --mode pro")
        await bot.until(lambda: any(map(names_cost, bot.messages())))
        await send(page, "/video cost by model")
        report = page.get_by_test_id("messages").get_by_test_id("message").last
        await expect(report).to_contain_text("What the whole team spent this month, by model")
        await expect(report).to_contain_text("confirmed for 1 render")
        await report.get_by_role("button", name="Chart").click()
        channel = direct_channel(bot)
        await bot.until(lambda: any(one.files for one in bot.messages(channel)))
