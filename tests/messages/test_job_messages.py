"""What people read about a job."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.pacing import Expected
from bot.jobs.view import JobView
from bot.messages import file, replies, result
from bot.messages import job as messages
from sandbox.slack.blocks import checked_blocks
from storage.job import Delivery, Job, Media, Outcome, Output, Stage
from tests.support.job_samples import ASKED, DONE, RENDERING

VIEW = JobView(job=ASKED, model_title="Kling V3", options=[("Duration", "10"), ("Mode", "pro")])


def of(job: Job, view: JobView = VIEW) -> JobView:
    """Return a view of `job` that shows what `view` shows besides."""
    return replace(view, job=job)


def status(job: Job, view: JobView = VIEW, now: float = 1060.0) -> str:
    """Return the status line of `job`."""
    return messages.status_line(of(job, view), now)


def test_the_job_message_says_who_what_and_how() -> None:
    """Who asked, the prompt, the model and the options that differ, and where it stands."""
    message = messages.job_message(of(ASKED), 1000.0)
    said = str(message.blocks)
    for part in ("<@U1>", "a red sports car", "Kling V3", "Duration: 10", "Mode: pro", "k7m2p9"):
        assert part in said
    assert "a red sports car" in message.text
    assert "Queued" in message.text


def test_a_prompt_notifies_nobody() -> None:
    """What a person typed is literal in the blocks and escaped in the text."""
    job = replace(ASKED, input={"prompt": "<!channel> & <@U2>"})
    message = messages.job_message(of(job), 1000.0)
    assert "<!channel>" not in message.text
    assert "&lt;!channel&gt; &amp; &lt;@U2&gt;" in message.text
    quoted = next(block for block in message.blocks if block["type"] == "rich_text")
    literal = {"type": "text", "text": "<!channel> & <@U2>"}
    assert quoted["elements"] == [{"type": "rich_text_quote", "elements": [literal]}]


def test_a_long_prompt_is_shown_in_part() -> None:
    """A prompt of thousands of characters does not fill the channel."""
    job = replace(ASKED, input={"prompt": "x" * 2500})
    assert len(str(messages.job_message(of(job), 1000.0))) < 2500


def test_queued_and_rendering_tell_the_elapsed_time() -> None:
    """Before the render starts it is queued at MindVideo; then it renders."""
    assert status(RENDERING) == ":hourglass_flowing_sand: *Queued at MindVideo* · 1 min so far"
    started = replace(RENDERING, started_at=1010.0)
    began = "<!date^1010^{time}|1970-01-01 00:16 UTC>"
    assert status(started) == f":movie_camera: *Rendering* since {began} · 1 min so far"


def test_the_expected_time_is_told_once_it_is_known() -> None:
    """The bar is elapsed time against the time by which nine in ten are done."""
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    started = replace(RENDERING, started_at=1010.0)
    assert "usually 1 min 50 s" in status(started, usual)
    bar = messages.progress_bar(of(started, usual), 1060.0)
    assert bar == "`██████░░░░░░` nine in ten take at most 2 min"
    message = messages.job_message(of(started, usual), 1060.0)
    assert bar in str(message.blocks)
    assert "█" not in message.text, "a screen reader would read it cell by cell"


@pytest.mark.parametrize(
    ("seconds", "filled"), [(0.0, 0), (9.9, 0), (10.0, 1), (119.0, 11), (120.0, 12), (9999.0, 12)]
)
def test_the_bar_never_runs_over(seconds: float, filled: int) -> None:
    """It stands full once nine in ten would be done, and claims no share of the work."""
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    started = replace(RENDERING, started_at=1000.0)
    bar = messages.progress_bar(of(started, usual), 1000.0 + seconds) or ""
    assert (bar.count("█"), bar.count("░")) == (filled, 12 - filled)


@pytest.mark.parametrize("job", [ASKED, RENDERING, DONE])
def test_there_is_a_bar_only_while_it_renders(job: Job) -> None:
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    assert messages.progress_bar(of(job, usual), 1060.0) is None
    assert messages.progress_bar(of(replace(RENDERING, started_at=1.0)), 1060.0) is None


@pytest.mark.parametrize("job", [ASKED, RENDERING])
@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (1, "1 job of ours ahead"),
        (3, "3 jobs of ours ahead"),
        (100, "100 jobs of ours ahead, or more"),
    ],
)
def test_who_waits_is_told_how_many_wait_before_them(job: Job, ahead: int, words: str) -> None:
    assert f" · {words}" in status(job, replace(VIEW, ahead=ahead))
    assert "ahead" not in status(job)


def test_a_message_tells_of_the_queue_only_while_it_is_kept_up_to_date() -> None:
    """Before MindVideo has the job, nothing edits its message, however long that takes."""
    view = replace(VIEW, ahead=3)
    assert "ahead" not in messages.job_message(of(ASKED, view), 1000.0).text
    assert "3 jobs of ours ahead" in messages.job_message(of(RENDERING, view), 1000.0).text


def test_what_has_just_begun_tells_no_time() -> None:
    assert status(RENDERING, now=1000.2).endswith("*Queued at MindVideo*")
    assert status(replace(RENDERING, started_at=1000.0), now=1000.2).endswith(
        "|1970-01-01 00:16 UTC>"
    )


def test_a_rerun_links_to_its_parent() -> None:
    """Where the parent's message is gone, its ID is left."""
    child = replace(ASKED, parent_id="n4q8r2")
    linked = replace(VIEW, parent_link="https://studio.example/archives/C1/p1")
    said = str(messages.job_message(of(child, linked), 1000.0).blocks)
    assert "made from job <https://studio.example/archives/C1/p1|n4q8r2>" in said
    assert "made from job `n4q8r2`" in str(messages.job_message(of(child), 1000.0).blocks)


def test_a_late_render_is_called_late() -> None:
    """Once told, the line keeps saying so."""
    late = replace(RENDERING, started_at=1010.0, late_told_at=1050.0)
    assert "longer than usual" in status(late)


def test_done_tells_time_and_cost() -> None:
    """The actual cost, and the estimate because it differs."""
    line = status(DONE)
    assert line == (
        ":white_check_mark: *Done* in 2 min 3 s · cost 0.42 as billed by MindVideo (estimate 0.4)"
    )


@pytest.mark.parametrize(
    ("actual", "estimate", "words"),
    [
        ("0.42", "0.42", "cost 0.42 USD"),
        ("0.42", None, "cost 0.42 USD"),
        ("0.42", "0.40", "cost 0.42 USD (estimate 0.4 USD)"),
        (None, "0.40", "cost pending (estimate 0.4 USD)"),
        (None, None, "cost pending"),
        ("0", "0.40", "cost 0 USD (estimate 0.4 USD)"),
    ],
)
def test_cost_is_what_mindvideo_said(actual: str | None, estimate: str | None, words: str) -> None:
    """An amount that is not known is pending, never zero and never the estimate."""
    job = replace(
        DONE,
        cost_actual=None if actual is None else Decimal(actual),
        cost_estimate=None if estimate is None else Decimal(estimate),
    )
    assert messages.cost_words(replace(of(job), unit="USD")) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stage": Stage.FINISHED}, "bringing it here"),
        ({"outcome": Outcome.FAILED}, "*Failed* after 2 min 3 s"),
        ({"outcome": Outcome.CANCELLED}, "*Cancelled* after 2 min 3 s"),
        ({"stage": Stage.REJECTED, "outcome": Outcome.FAILED}, "*Not started*"),
        ({"stage": Stage.REJECTED, "outcome": Outcome.CANCELLED}, "Nothing was charged"),
        ({"stage": Stage.PARKED, "problem": "It is odd."}, "*On hold* · It is odd."),
    ],
)
def test_every_ending_has_its_words(change: dict[str, object], words: str) -> None:
    """Each stage and outcome is told apart."""
    assert words in status(replace(DONE, **change))  # type: ignore[arg-type] # fields by name


def test_the_result_mentions_the_asker_the_time_and_the_cost() -> None:
    """The thread's line with the file."""
    text = result.final_message(of(DONE)).text
    assert text.startswith("<@U1> your video is ready. It took 2 min 3 s; cost 0.42")


def test_without_the_file_there_is_a_link() -> None:
    """A file that cannot be shared is replaced by its link, with reason and cost."""
    job = replace(
        DONE, delivery=Delivery(link_only=True), problem="The file is too large for this workspace."
    )
    text = result.final_message(of(job)).text
    assert "<https://files.example/v.mp4|Open video 1>" in text
    assert "too large for this workspace" in text
    assert "cost 0.42" in text


def test_a_link_is_whole_whatever_its_length_and_characters() -> None:
    """A section would cut it, and `|` or `>` would end it early."""
    url = f"https://files.example/v.mp4?sign={'a' * 4000}&next=<x|y>"
    job = replace(
        DONE, delivery=Delivery(link_only=True), outputs=(Output(media=Media.VIDEO, url=url),) * 2
    )
    said = result.final_message(of(job))
    assert "&next=%3Cx%7Cy%3E|Open video 1>" in said.text
    held = json.dumps(list(said.blocks))
    assert held.count(json.dumps(url)) == 2
    assert checked_blocks([dict(block) for block in said.blocks])


def test_several_images_are_counted() -> None:
    """An image model's result is not called a video."""
    outputs = tuple(Output(media=Media.IMAGE, url=f"https://f.example/{n}.png") for n in (1, 2))
    text = result.final_message(of(replace(DONE, outputs=outputs))).text
    assert "your images are ready" in text


def test_a_failure_says_why_what_it_cost_and_what_to_do() -> None:
    """MindVideo's reason is quoted, escaped; the next step is named."""
    failed = replace(DONE, outcome=Outcome.FAILED, problem="unsafe <prompt>", outputs=())
    text = result.final_message(of(failed)).text
    assert "MindVideo says: “unsafe &lt;prompt&gt;”" in text
    assert "Cost 0.42" in text
    assert "ask again" in text


@pytest.mark.parametrize(("by", "who"), [("U1", "you"), ("U9", "an admin")])
def test_what_was_given_up_is_still_billed(by: str, who: str) -> None:
    """In the message and in the thread, before the cost is known and after; nobody else is rung."""
    given_up = replace(
        DONE,
        outcome=Outcome.CANCELLED,
        unfollowed_at=1100.0,
        unfollowed_by=by,
        outputs=(),
        cost_actual=None,
    )
    assert status(given_up) == (
        ":no_entry_sign: *Given up* after 2 min 3 s · MindVideo goes on with it and bills it"
        " · cost pending (estimate 0.4)"
    )
    assert result.final_message(of(given_up)).text == (
        f"<@U1> {who} stopped following this render after 2 min 3 s; MindVideo goes on with it and "
        "bills it. Cost pending (estimate 0.4)."
    )
    billed = replace(given_up, cost_actual=Decimal("0.42"))
    assert "Cost 0.42 as billed" in result.final_message(of(billed)).text
    assert "bringing" not in status(replace(given_up, stage=Stage.FINISHED))


def test_what_came_before_the_giving_up_counts() -> None:
    """A render that ended while somebody gave it up is theirs all the same."""
    late = replace(DONE, unfollowed_at=1122.0, unfollowed_by="U1")
    assert "your video is ready" in result.final_message(of(late)).text


def test_parked_and_refused_are_told_apart() -> None:
    """On hold can be resumed; refused and cancelled cost nothing."""
    parked = replace(DONE, stage=Stage.PARKED, problem="MindVideo is silent.")
    assert "on hold: MindVideo is silent." in result.told_message(parked).text
    refused = replace(ASKED, stage=Stage.REJECTED, outcome=Outcome.FAILED, problem="No way in.")
    assert "No way in. Nothing was charged." in result.told_message(refused).text
    cancelled = replace(ASKED, stage=Stage.REJECTED, outcome=Outcome.CANCELLED)
    assert "Nothing was charged." in result.told_message(cancelled).text


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A red, sports CAR!", "a-red-sports-car.mp4"),
        ("../../etc/passwd", "etc-passwd.mp4"),
        ("日本の海", "日本の海.mp4"),
        ("…", "kling-v3.mp4"),
        ("x" * 300, "x" * 60 + ".mp4"),
    ],
)
def test_files_are_named_after_the_prompt(prompt: str, name: str) -> None:
    """Only letters and digits of the prompt get into a file name."""
    assert file.file_name(replace(DONE, input={"prompt": prompt}), 0, "video/mp4") == name


def test_several_files_are_numbered() -> None:
    """Two outputs of one job have two names."""
    two = replace(DONE, outputs=DONE.outputs * 2)
    assert file.file_name(two, 1, "video/mp4") == "a-red-sports-car-2.mp4"


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [
        ("video/webm", "webm"),
        ("video/mp4; codecs=avc1", "mp4"),
        ("image/png", "mp4"),
        ("application/octet-stream", "mp4"),
        (None, "mp4"),
    ],
)
def test_a_file_ends_as_its_sender_says_that_it_is(content_type: str | None, ending: str) -> None:
    """A sender that claims another kind of file than was made is not believed."""
    assert file.file_name(DONE, 0, content_type) == f"a-red-sports-car.{ending}"


def test_an_image_that_nobody_describes_is_a_png() -> None:
    image = Output(media=Media.IMAGE, url="https://f.example/1")
    assert file.file_name(replace(DONE, outputs=(image,)), 0, None) == "a-red-sports-car.png"


def test_a_result_carries_the_mark_by_which_it_is_found_again() -> None:
    """The job's own ID, or that of the delivery that brings it again."""
    assert result.final_message(of(DONE)).blocks[0]["block_id"] == "video_job:k7m2p9"
    assert result.final_message(of(DONE), "again").blocks[0]["block_id"] == "video_job:again"


def test_alt_text_is_the_prompt() -> None:
    """A screen reader says what was asked for; a job without a prompt names its model."""
    assert file.alt_text(DONE) == "a red sports car"
    assert file.alt_text(replace(DONE, input={})) == "Made by kling-v3"
    assert file.title(replace(DONE, input={"prompt": "a\n b"})) == "a b"


def test_asking_twice_is_a_question() -> None:
    """The same ask again so soon names the first job and charges nothing."""
    text = replies.duplicate(ASKED, 1012.0).text
    assert "12 s ago" in text
    assert "k7m2p9" in text
