"""Tests of the demo page in Chromium, with a scripted bot."""

from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.demo.formation import Formation
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, OPEN
from storage.job import Json
from tests.support.demo_browser import BotRequest, DemoHarness, demo_harness

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]

Block = Mapping[str, Json]

WAITING = ("sleep", "100")
"""A process that does nothing."""

AGAIN: Block = {
    "type": "button",
    "action_id": "again",
    "value": "job-1",
    "text": {"type": "plain_text", "text": "Again"},
}
CANCEL: Block = {
    "type": "button",
    "action_id": "cancel",
    "value": "job-1",
    "text": {"type": "plain_text", "text": "Cancel"},
    "confirm": {
        "title": {"type": "plain_text", "text": "Cancel this render?"},
        "text": {"type": "mrkdwn", "text": "It is billed *all the same*."},
        "confirm": {"type": "plain_text", "text": "Cancel it"},
        "deny": {"type": "plain_text", "text": "Keep it"},
    },
}


@pytest_asyncio.fixture(loop_scope="session")
async def harness(browser: Browser, tmp_path: Path) -> AsyncIterator[DemoHarness]:
    async with demo_harness(browser, tmp_path) as prepared:
        yield prepared


def section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "block_id": "buttons", "elements": list(elements)}


def text_input(block_id: str, label: str) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": "value", "multiline": True}
    named: Block = {"type": "plain_text", "text": label}
    return {"type": "input", "block_id": block_id, "label": named, "element": element}


async def post(
    harness: DemoHarness, text: str, *blocks: Block, thread_ts: str | None = None
) -> str:
    answer = await harness.client.chat_postMessage(
        channel=GENERAL, text=text, blocks=[dict(block) for block in blocks], thread_ts=thread_ts
    )
    return str(answer["ts"])


async def write(page: Page, text: str, box: str = "composer-input") -> None:
    await page.get_by_test_id(box).fill(text)
    await page.get_by_test_id(box).press("Enter")


def messages(page: Page) -> Locator:
    return page.get_by_test_id("messages").get_by_test_id("message")


async def test_a_command_becomes_a_message_that_is_edited_in_place(harness: DemoHarness) -> None:
    page = await harness.open_page()
    await write(page, "/video a lake & a <boat> --duration 5")
    request = await harness.bot.latest("command")
    assert request.at("text") == "a lake &amp; a &lt;boat&gt; --duration 5"
    assert request.at("channel_id") == GENERAL

    ts = await post(harness, "queued", section(f":clapper: <@{ANA}> asked for a video · *Queued*"))
    await expect(messages(page)).to_contain_text("🎬 @Ana Lima asked for a video · Queued")
    await harness.client.chat_update(
        channel=GENERAL, ts=ts, text="done", blocks=[dict(section("*Done* in 4 s"))]
    )
    await expect(messages(page)).to_contain_text("Done in 4 s")
    await expect(page.get_by_test_id("edited")).to_be_visible()
    await expect(messages(page)).to_have_count(1)


async def test_typing_a_slash_suggests_the_command_and_enter_completes_it(
    harness: DemoHarness,
) -> None:
    page = await harness.open_page()
    box = page.get_by_test_id("composer-input")
    await box.press_sequentially("/vi")
    await expect(page.get_by_test_id("suggestion")).to_contain_text("--duration 10")
    await box.press("Enter")
    await expect(box).to_have_value("/video ")
    assert harness.bot.requests == []


async def test_the_example_at_the_beginning_of_a_channel_is_ready_to_send(
    harness: DemoHarness,
) -> None:
    page = await harness.open_page()
    await page.get_by_test_id("try-example").click()
    await expect(page.get_by_test_id("composer-input")).to_be_focused()
    await page.keyboard.press("Enter")
    request = await harness.bot.latest("command")
    assert request.at("text") == "a red sports car --duration 10 --mode pro"


async def test_an_unanswered_command_is_an_error_and_can_be_sent_again(
    harness: DemoHarness,
) -> None:
    harness.slack.deliver_to("http://127.0.0.1:9/slack/events")
    page = await harness.open_page()
    await write(page, "/video a red car")
    await expect(page.get_by_test_id("notice")).to_contain_text("/video failed")
    await expect(page.get_by_test_id("composer-input")).to_have_value("/video a red car")
    await page.get_by_test_id("notice-dismiss").click()
    await expect(page.get_by_test_id("notice")).to_have_count(0)


async def test_an_ephemeral_answer_is_shown_to_its_user_only(harness: DemoHarness) -> None:
    async def refuse(_: BotRequest) -> object:
        return {"response_type": "ephemeral", "text": "I do not know `--durration`."}

    harness.bot.reply = refuse
    page = await harness.open_page()
    await write(page, "/video a red car --durration 5")
    await expect(messages(page)).to_contain_text("Only visible to you")
    await page.get_by_test_id(f"user-{BEN}").click()
    await expect(page.get_by_test_id(f"user-{BEN}")).to_have_attribute("aria-pressed", "true")
    await expect(messages(page)).to_have_count(0)


async def test_markup_in_messages_is_escaped(harness: DemoHarness) -> None:
    page = await harness.open_page()
    attack = "<img src=x onerror=document.title='broken'>"
    await write(page, attack)
    await expect(messages(page).first).to_contain_text(attack)
    await post(harness, "x", section(f"{attack} <javascript:alert(1)|press me> &amp;lt;"))
    await expect(messages(page).last).to_contain_text(f"{attack} press me &lt;")
    await expect(messages(page).locator("img, a")).to_have_count(0)
    await expect(page).to_have_title("general · Demo Studio")


async def test_a_huge_prompt_and_a_right_to_left_one_stay_inside_the_page(
    harness: DemoHarness,
) -> None:
    page = await harness.open_page(width=390, height=844, touch=True)
    await post(harness, "x", section("w" * 2900))
    await post(harness, "سيارة حمراء على الطريق " * 40)
    await expect(page.get_by_test_id("see-more")).to_have_count(2)
    await page.get_by_test_id("see-more").last.click()
    await expect(page.get_by_test_id("see-more").last).to_have_text("See less")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_a_button_with_a_confirmation_is_sent_once_confirmed(harness: DemoHarness) -> None:
    page = await harness.open_page()
    ts = await post(harness, "a job", actions(AGAIN, CANCEL))
    await messages(page).locator("[data-action-id=cancel]").click()
    await expect(page.get_by_test_id("confirm")).to_contain_text("It is billed all the same.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("confirm")).to_have_count(0)
    assert not [request for request in harness.bot.requests if request.type == "block_actions"]

    await messages(page).locator("[data-action-id=cancel]").click()
    await page.get_by_test_id("confirm-yes").click()
    request = await harness.bot.latest("block_actions")
    assert request.at("actions", 0, "action_id") == "cancel"
    assert request.at("actions", 0, "value") == "job-1"
    assert request.at("container", "message_ts") == ts


async def test_the_video_plays_in_its_thread_and_a_reply_mentions_the_app(
    harness: DemoHarness,
) -> None:
    page = await harness.open_page()
    ts = await post(harness, "a job", section("*Done*"))
    video = (files("sandbox.mindvideo") / "media" / "sunset-9x16.mp4").read_bytes()
    await harness.client.files_upload_v2(
        file=video,
        filename="a-red-car.mp4",
        alt_txt="a red car at sunset",
        channel=GENERAL,
        thread_ts=ts,
        initial_comment=f"<@{ANA}> your video is ready; cost 0.0756.",
    )
    await page.get_by_test_id("thread-open").click()
    thread = page.get_by_test_id("thread-messages")
    await expect(thread).to_contain_text("@Ana Lima your video is ready; cost 0.0756.")
    player = thread.get_by_test_id("file-video")
    await expect(player).to_have_attribute("aria-label", "a red car at sunset")
    await player.evaluate("video => { video.muted = true; return video.play(); }")
    await page.wait_for_function(
        "() => document.querySelector('[data-testid=file-video]').currentTime > 0"
    )
    assert await player.evaluate("video => video.videoHeight > video.videoWidth")

    await write(page, "@video again", box="thread-input")
    request = await harness.bot.latest("app_mention")
    assert request.at("event", "text") == f"<@{BOT}> again"
    assert request.at("event", "thread_ts") == ts
    assert await player.evaluate("video => video.currentTime") > 0
    await page.get_by_test_id("thread-input").press("Escape")
    await expect(page.get_by_test_id("thread")).to_be_hidden()


async def test_a_long_thread_opens_at_its_end(harness: DemoHarness) -> None:
    page = await harness.open_page()
    ts = await post(harness, "a job")
    for number in range(100):
        harness.slack.world.workspace.post(GENERAL, BEN, f"reply {number}", thread_ts=ts)
    await expect(page.get_by_test_id("thread-open")).to_contain_text("100 replies")
    await page.get_by_test_id("thread-open").click()
    await expect(page.get_by_test_id("thread").get_by_text("reply 99")).to_be_in_viewport()


async def test_a_slash_command_is_refused_in_a_thread(harness: DemoHarness) -> None:
    page = await harness.open_page()
    await post(harness, "a job")
    await messages(page).hover()
    await page.get_by_test_id("thread-reply").click()
    await write(page, "/video a red car", box="thread-input")
    await expect(page.get_by_test_id("notice")).to_contain_text("does not work in a thread")
    assert not [request for request in harness.bot.requests if request.type == "command"]


async def test_a_form_shows_each_error_at_its_field_and_submits_the_values(
    harness: DemoHarness,
) -> None:
    async def open_form(request: BotRequest) -> object:
        if request.type == "shortcut":
            await harness.client.views_open(
                trigger_id=str(request.at("trigger_id")),
                view={
                    "type": "modal",
                    "title": {"type": "plain_text", "text": "Create a video"},
                    "submit": {"type": "plain_text", "text": "Create"},
                    "blocks": [text_input("prompt", "Prompt")],
                },
            )
        entered = request.at("view", "state", "values", "prompt", "value", "value")
        if request.type == "view_submission" and entered == "short":
            return {"response_action": "errors", "errors": {"prompt": "Say more."}}
        return None

    harness.bot.reply = open_form
    page = await harness.open_page()
    await page.get_by_test_id("shortcut-create_video").click()
    prompt = page.get_by_label("Prompt")
    await expect(prompt).to_be_focused()
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("field-error")).to_have_text(
        "Please complete this required field."
    )
    assert not [request for request in harness.bot.requests if request.type == "view_submission"]

    await prompt.fill("short")
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("field-error")).to_have_text("Say more.")
    await expect(prompt).to_have_attribute("aria-invalid", "true")

    await prompt.fill("a red car at sunset")
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    request = await harness.bot.latest("view_submission")
    values = request.at("view", "state", "values", "prompt", "value", "value")
    assert values == "a red car at sunset"


async def test_a_message_shortcut_sends_the_message_to_the_app(harness: DemoHarness) -> None:
    page = await harness.open_page()
    await write(page, "a lake at dawn")
    await messages(page).hover()
    await page.get_by_test_id("message-actions").click()
    await page.get_by_role("menuitem", name="Make a video from this").click()
    request = await harness.bot.latest("message_action")
    assert request.at("callback_id") == "video_from_message"
    assert request.at("message", "text") == "a lake at dawn"


async def test_the_home_tab_is_drawn_by_the_app_and_its_buttons_work(harness: DemoHarness) -> None:
    async def publish(request: BotRequest) -> object:
        if request.type == "app_home_opened":
            view = {"type": "home", "blocks": [dict(section("*My videos*")), dict(actions(AGAIN))]}
            await harness.client.views_publish(user_id=ANA, view=view)
        return None

    harness.bot.reply = publish
    page = await harness.open_page()
    await page.get_by_test_id("sidebar").get_by_text("Video", exact=True).click()
    await page.get_by_test_id("tab-home").click()
    await expect(page.get_by_test_id("home")).to_contain_text("My videos")
    await page.get_by_test_id("home").get_by_role("button", name="Again").click()
    request = await harness.bot.latest("block_actions")
    assert request.at("view", "type") == "home"
    assert request.at("actions", 0, "value") == "job-1"


async def test_the_app_suggests_what_to_write_and_shows_that_it_works(
    harness: DemoHarness,
) -> None:
    """A press sends a suggestion; the status stands in the thread until the app's next reply."""
    page = await harness.open_page()
    direct = harness.slack.world.workspace.direct(ANA).id
    await page.get_by_test_id("sidebar").get_by_text("Video", exact=True).click()
    opened = await harness.bot.latest("app_home_opened")
    assert opened.at("event", "tab") == "messages"
    prompts = [{"title": "What can you do?", "message": "help"}]
    await harness.client.assistant_threads_setSuggestedPrompts(channel_id=direct, prompts=prompts)
    await page.get_by_test_id("prompt").click()
    sent = await harness.bot.latest("message")
    root = str(sent.at("event", "ts"))
    await harness.client.chat_postMessage(channel=direct, text="Here", thread_ts=root)
    await page.get_by_test_id("thread-open").click()
    await harness.client.assistant_threads_setStatus(
        channel_id=direct, thread_ts=root, status="is rendering…"
    )
    status = page.get_by_test_id("thread-status")
    await expect(status).to_have_text("Video is rendering…")
    await harness.client.chat_postMessage(channel=direct, text="Done", thread_ts=root)
    await expect(status).to_be_hidden()


async def test_a_file_is_sent_with_a_message(harness: DemoHarness) -> None:
    page = await harness.open_page()
    picture = files("sandbox.mindvideo") / "media" / "sunset-1x1.png"
    await page.get_by_test_id("composer-file").set_input_files(str(picture))
    await expect(page.get_by_test_id("upload")).to_contain_text("sunset-1x1.png")
    await write(page, "@video like this")
    await expect(messages(page).get_by_test_id("file-image")).to_be_visible()
    request = await harness.bot.latest("app_mention")
    assert request.at("event", "files", 0, "name") == "sunset-1x1.png"


async def test_each_channel_shows_whether_the_app_is_a_member(harness: DemoHarness) -> None:
    """Where it is not, a press invites it."""
    page = await harness.open_page()
    for channel, label in ((CREW, "is here"), (OPEN, "is not here")):
        await page.get_by_test_id(f"channel-{channel}").click()
        await expect(page.get_by_test_id("channel-bot")).to_contain_text(label)
    await page.get_by_test_id("channel-bot").click()
    request = await harness.bot.latest("member_joined_channel")
    assert (request.at("event", "user"), request.at("event", "inviter")) == (BOT, ANA)
    await expect(page.get_by_test_id("channel-bot")).to_contain_text("is here")


async def test_on_a_phone_the_menu_slides_in_and_the_thread_covers_the_channel(
    harness: DemoHarness,
) -> None:
    page = await harness.open_page(width=390, height=844, touch=True)
    await post(harness, "a job")
    await expect(page.get_by_test_id(f"channel-{OPEN}")).not_to_be_visible()
    await page.get_by_test_id("menu-button").click()
    await page.get_by_test_id(f"channel-{OPEN}").click()
    await expect(page.get_by_test_id("channel-title")).to_have_text("open-studio")
    await expect(page.get_by_test_id(f"channel-{OPEN}")).not_to_be_visible()

    await page.get_by_test_id("menu-button").click()
    await page.get_by_test_id(f"channel-{GENERAL}").click()
    await page.get_by_test_id("thread-reply").click()
    thread = page.get_by_test_id("thread")
    await expect(thread).to_be_visible()
    assert await thread.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}


async def test_a_reload_restores_user_channel_and_thread(harness: DemoHarness) -> None:
    page = await harness.open_page(BEN)
    ts = await post(harness, "a job")
    await messages(page).hover()
    await page.get_by_test_id("thread-reply").click()
    await page.reload()
    await expect(page.get_by_test_id("thread").get_by_test_id("message")).to_have_attribute(
        "data-ts", ts
    )
    await expect(page.get_by_test_id(f"user-{BEN}")).to_have_attribute("aria-pressed", "true")


async def test_a_permalink_opens_its_message_as_the_same_person(harness: DemoHarness) -> None:
    """Also that of a reply, in its thread; one to somebody else's conversation does not."""
    ts = await post(harness, "a job")
    reply = await post(harness, "the result", thread_ts=ts)
    answer = await harness.client.chat_getPermalink(channel=GENERAL, message_ts=reply)
    await post(harness, "see", section(f"<{answer['permalink']}|the result of it>"))
    page = await harness.open_page(BEN)
    await page.get_by_test_id(f"channel-{GENERAL}").click()
    await messages(page).get_by_role("link", name="the result of it").click()
    thread = page.get_by_test_id("thread-messages")
    await expect(thread.locator(".message-linked")).to_contain_text("the result")
    await expect(page.get_by_test_id(f"user-{BEN}")).to_have_attribute("aria-pressed", "true")


async def test_escape_closes_every_menu_wherever_the_focus_is(harness: DemoHarness) -> None:
    page = await harness.open_page(width=390, height=844)
    await post(harness, "a job")
    await messages(page).hover()
    await page.get_by_test_id("message-actions").click()
    await expect(page.get_by_role("menuitem").first).to_be_visible()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menuitem")).to_have_count(0)

    await page.get_by_test_id("menu-button").click()
    await expect(page.get_by_test_id(f"channel-{OPEN}")).to_be_visible()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id(f"channel-{OPEN}")).not_to_be_visible()

    await messages(page).hover()
    await page.get_by_test_id("thread-reply").click()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("thread")).to_be_hidden()


async def test_a_process_of_the_bot_is_killed_and_comes_back(harness: DemoHarness) -> None:
    """The page of a bot in one process has no such list."""
    commands = {"web": WAITING, "worker.1": WAITING}
    formation = Formation(commands=commands, release=("true",), restart_seconds=1.0)
    page = await harness.open_page()
    await expect(page.get_by_test_id("processes")).to_have_count(0)
    harness.api.show_processes(formation)
    async with formation.running({}):
        worker = page.get_by_test_id("process-worker.1")
        await expect(worker).to_have_attribute("data-running", "true")
        await page.get_by_role("button", name="Kill worker.1").click()
        await expect(worker).to_contain_text("killed; comes back")
        await expect(page.get_by_test_id("process-web")).to_have_attribute("data-running", "true")
        await expect(page.get_by_role("button", name="Kill worker.1")).to_be_visible()
