"""Tests of the messages about a job: status, cost, result, ending."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.jobs.pacing import Expected
from bot.jobs.view import JobView, brief_view
from bot.messages import file, result
from bot.messages import job as messages
from sandbox.slack.blocks import checked_blocks
from storage.job import Delivery, Film, Job, Media, Outcome, Output, Stage
from tests.support.job_samples import DONE, RENDERING, REQUESTED
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with

VIEW = JobView(job=REQUESTED, model_title="Kling V3", options=[("Duration", "10"), ("Mode", "pro")])


def of(job: Job, view: JobView = VIEW) -> JobView:
    """Return a view of `job` with the other fields of `view`."""
    return replace(view, job=job)


def status(job: Job, view: JobView = VIEW, now: float = 1060.0) -> str:
    """Return the status line of `job`."""
    return messages.status_line(of(job, view), now)


def test_the_job_message_shows_user_prompt_model_and_options() -> None:
    """The user, the prompt, the model, the options that differ from defaults, and the status."""
    message = messages.job_message(of(REQUESTED), 1000.0)
    blocks = str(message.blocks)
    for part in ("<@U1>", "a red sports car", "Kling V3", "Duration: 10", "Mode: pro", "k7m2p9"):
        assert part in blocks
    assert "a red sports car" in message.text
    assert "Queued" in message.text


def test_a_prompt_notifies_nobody() -> None:
    """The prompt is plain text in the blocks, and escaped in the fallback text."""
    job = replace(REQUESTED, input={"prompt": "<!channel> & <@U2>"})
    message = messages.job_message(of(job), 1000.0)
    assert "<!channel>" not in message.text
    assert "&lt;!channel&gt; &amp; @somebody" in message.text
    quoted = next(block for block in message.blocks if block["type"] == "rich_text")
    literal = {"type": "text", "text": "<!channel> & @somebody"}
    assert quoted["elements"] == [{"type": "rich_text_quote", "elements": [literal]}]


def test_a_long_prompt_is_shortened() -> None:
    job = replace(REQUESTED, input={"prompt": "x" * 2500})
    assert len(str(messages.job_message(of(job), 1000.0))) < 2500


def test_the_status_shows_the_elapsed_time() -> None:
    """A submitted job is queued at MindVideo until its render starts."""
    assert status(RENDERING) == ":hourglass_flowing_sand: *Queued at MindVideo* · 1 min so far"
    started = replace(RENDERING, started_at=1010.0)
    began = "<!date^1010^{time}|1970-01-01 00:16 UTC>"
    assert status(started) == f":movie_camera: *Rendering* since {began} · 50 s so far"


def test_the_expected_time_is_shown_once_it_is_known() -> None:
    """The bar is the elapsed time divided by the 90th percentile of the history."""
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    started = replace(RENDERING, started_at=1010.0)
    assert "usually 1 min 50 s in all" in status(started, usual)
    bar = messages.progress_bar(of(started, usual), 1060.0)
    assert bar == "`██████░░░░░░` nine in ten take at most 2 min"
    message = messages.job_message(of(started, usual), 1060.0)
    assert bar in str(message.blocks)
    assert "█" not in message.text, "a screen reader would read it cell by cell"


@pytest.mark.parametrize(
    ("seconds", "filled"), [(0.0, 0), (9.9, 0), (10.0, 1), (119.0, 11), (120.0, 12), (9999.0, 12)]
)
def test_the_progress_bar_never_overflows(seconds: float, filled: int) -> None:
    """It stays full after the 90th percentile."""
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    started = replace(RENDERING, started_at=1000.0)
    bar = messages.progress_bar(of(started, usual), 1000.0 + seconds) or ""
    assert (bar.count("█"), bar.count("░")) == (filled, 12 - filled)


@pytest.mark.parametrize("job", [REQUESTED, RENDERING, DONE])
def test_a_progress_bar_is_shown_only_while_the_job_renders(job: Job) -> None:
    usual = replace(VIEW, expected=Expected(p50=110.0, p90=120.0, p95=130.0))
    assert messages.progress_bar(of(job, usual), 1060.0) is None
    assert messages.progress_bar(of(replace(RENDERING, started_at=1.0)), 1060.0) is None


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (1, "1 job of ours ahead"),
        (3, "3 jobs of ours ahead"),
        (100, "100 jobs of ours ahead, or more"),
    ],
)
def test_a_job_queued_at_mindvideo_shows_the_number_of_jobs_before_it(
    ahead: int, text: str
) -> None:
    assert f" · {text}" in status(RENDERING, replace(VIEW, ahead=ahead))
    assert "ahead" not in status(RENDERING)


@pytest.mark.parametrize("job", [REQUESTED, replace(RENDERING, started_at=1001.0)])
def test_no_job_is_ahead_of_one_that_is_not_queued_at_mindvideo(job: Job) -> None:
    assert "ahead" not in status(job, replace(VIEW, ahead=3))


def test_the_queue_is_shown_only_after_a_while() -> None:
    """Before that, the next poll of the earlier job may find that it renders already."""
    assert "ahead" not in status(RENDERING, replace(VIEW, ahead=1), now=1009.0)
    assert "1 job of ours ahead" in status(RENDERING, replace(VIEW, ahead=1), now=1010.0)


def test_no_time_is_shown_at_the_start() -> None:
    assert status(RENDERING, now=1000.2).endswith("*Queued at MindVideo*")
    assert status(replace(RENDERING, started_at=1000.0), now=1000.2).endswith(
        "|1970-01-01 00:16 UTC>"
    )


def test_a_rerun_links_to_its_parent() -> None:
    """Without the parent's message it shows the parent's ID."""
    child = replace(REQUESTED, parent_id="n4q8r2")
    linked = replace(VIEW, parent_link="https://studio.example/archives/C1/p1")
    blocks = str(messages.job_message(of(child, linked), 1000.0).blocks)
    assert "made from job <https://studio.example/archives/C1/p1|n4q8r2>" in blocks
    assert "made from job `n4q8r2`" in str(messages.job_message(of(child), 1000.0).blocks)


def test_a_rerun_is_called_a_new_take_unless_its_model_has_a_seed(tmp_path: Path) -> None:
    """A model without a seed never renders the same picture twice."""
    catalog = catalog_with(tmp_path, ANIMATE)
    child = replace(REQUESTED, parent_id="n4q8r2")
    seeded = replace(child, model=ANIMATE_SLUG, input={})
    for job, is_new_take in ((child, True), (REQUESTED, False), (seeded, False)):
        blocks = str(messages.job_message(brief_view(job, catalog, None), 1000.0).blocks)
        assert ("a new take" in blocks) == is_new_take


def test_added_words_are_shown_after_the_end_of_a_long_prompt() -> None:
    """They are what is new."""
    prompt = f"{'a lake ' * 200}at dawn. make it night"
    job = replace(REQUESTED, input={"prompt": prompt})
    blocks = str(messages.job_message(of(job, replace(VIEW, added="make it night")), 1000.0).blocks)
    assert "…\\n+ make it night" in blocks


def test_a_late_render_is_called_late() -> None:
    """The note stays once it was shown."""
    late = replace(RENDERING, started_at=1010.0, late_notified_at=1050.0)
    assert "longer than usual" in status(late)


def test_a_done_job_shows_time_and_cost() -> None:
    """The actual cost, and the estimate if it differs."""
    line = status(DONE)
    assert line == (":white_check_mark: *Done* in 2 min 3 s · cost 0.42 (estimate 0.4)")


@pytest.mark.parametrize(
    ("actual", "estimate", "text"),
    [
        ("0.42", "0.42", "cost 0.42 USD"),
        ("0.42", None, "cost 0.42 USD"),
        ("0.42", "0.40", "cost 0.42 USD (estimate 0.4 USD)"),
        (None, "0.40", "cost pending (estimate 0.4 USD)"),
        (None, None, "cost pending"),
        ("0", "0.40", "nothing was charged"),
        ("0.00", None, "nothing was charged"),
    ],
)
def test_the_cost_is_the_amount_that_mindvideo_billed(
    actual: str | None, estimate: str | None, text: str
) -> None:
    """An unknown amount is pending, never zero and never the estimate."""
    job = replace(
        DONE,
        cost_actual=None if actual is None else Decimal(actual),
        cost_estimate=None if estimate is None else Decimal(estimate),
    )
    assert messages.cost_text(replace(of(job), unit="USD")) == text


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (REQUESTED, "nothing was charged so far"),
        (replace(RENDERING, cost_estimate=Decimal("0.4")), "cost pending (estimate 0.4)"),
        (replace(RENDERING, stage=Stage.REJECTED, cost_estimate=Decimal(1)), "nothing was charged"),
        (replace(REQUESTED, stage=Stage.REJECTED), "nothing was charged"),
    ],
)
def test_no_cost_is_pending_of_a_job_that_was_refused_or_not_sent(job: Job, text: str) -> None:
    assert messages.cost_text(of(job)) == text


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("prompt refused", "prompt refused."),
        ("No way in.", "No way in."),
        ("why <not>?", "why &lt;not&gt;?"),
        ("He said “no.”", "He said “no.”"),
        ("提示词被拒绝。", "提示词被拒绝。"),
        ("", ""),
    ],
)
def test_a_foreign_reason_ends_with_a_full_stop(problem: str, sentence: str) -> None:
    """So that "Nothing was charged." does not run into it."""
    refused = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.FAILED, problem=problem)
    assert status(refused) == f":x: *Not started* · {sentence} Nothing was charged."
    assert f"{sentence} Nothing was charged." in result.stopped_message(of(refused)).text
    parked = replace(DONE, stage=Stage.PARKED, problem=problem)
    assert status(parked) == f":construction: *On hold* · {sentence}"
    failed = replace(DONE, outcome=Outcome.FAILED, problem=problem)
    if problem:
        assert f"“{sentence}” Cost" in result.final_message(of(failed)).text


def test_a_cancelled_job_shows_who_cancelled_it() -> None:
    """The message is read by all of the channel, so "you" would be wrong for most."""
    cancelled = replace(
        REQUESTED,
        stage=Stage.REJECTED,
        outcome=Outcome.CANCELLED,
        cancel_requested_by="U9",
        problem="You cancelled it.",
    )
    assert status(cancelled) == (":no_entry_sign: *Cancelled* by <@U9> · Nothing was charged.")
    unknown = replace(cancelled, cancel_requested_by=None)
    assert status(unknown).startswith(":no_entry_sign: *Cancelled* · Nothing")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"stage": Stage.FINISHED}, "bringing it here"),
        ({"outcome": Outcome.FAILED}, "*Failed* after 2 min 3 s"),
        ({"outcome": Outcome.CANCELLED}, "*Cancelled* after 2 min 3 s"),
        ({"stage": Stage.REJECTED, "outcome": Outcome.FAILED}, "*Not started*"),
        ({"stage": Stage.REJECTED, "outcome": Outcome.CANCELLED}, "Nothing was charged"),
        ({"stage": Stage.PARKED, "problem": "It is odd."}, "*On hold* · It is odd."),
    ],
)
def test_every_ending_has_its_own_status(change: dict[str, object], text: str) -> None:
    assert text in status(replace(DONE, **change))  # type: ignore[arg-type] # fields by name


def test_the_result_mentions_its_user_the_time_and_the_cost() -> None:
    """In the comment of the file."""
    text = result.final_message(of(DONE)).text
    assert text.startswith("<@U1> your video is ready. It took 2 min 3 s; cost 0.42")


def test_a_file_that_cannot_be_shared_is_replaced_by_a_link() -> None:
    """A file that cannot be shared is replaced by its link, with reason and cost."""
    job = replace(
        DONE, delivery=Delivery(link_only=True), problem="The file is too large for this workspace."
    )
    text = result.final_message(of(job)).text
    assert "<https://files.example/v.mp4|Open video 1>" in text
    assert "too large for this workspace" in text
    assert "cost 0.42" in text


def test_a_link_of_any_length_and_characters_is_complete() -> None:
    """A section block would cut a long link, and `|` or `>` would end it early."""
    url = f"https://files.example/v.mp4?sign={'a' * 4000}&next=<x|y>"
    job = replace(
        DONE, delivery=Delivery(link_only=True), outputs=(Output(media=Media.VIDEO, url=url),) * 2
    )
    message = result.final_message(of(job))
    assert "&next=%3Cx%7Cy%3E|Open video 1>" in message.text
    held = json.dumps(list(message.blocks))
    assert held.count(json.dumps(url)) == 2
    assert checked_blocks([dict(block) for block in message.blocks])


def test_several_images_are_counted() -> None:
    """The result of an image model is not called a video."""
    outputs = tuple(Output(media=Media.IMAGE, url=f"https://f.example/{n}.png") for n in (1, 2))
    text = result.final_message(of(replace(DONE, outputs=outputs))).text
    assert "your images are ready" in text


def test_a_failure_shows_reason_cost_and_next_step() -> None:
    """MindVideo's reason is quoted and escaped."""
    failed = replace(DONE, outcome=Outcome.FAILED, problem="unsafe <prompt>", outputs=())
    text = result.final_message(of(failed)).text
    assert "MindVideo says: “unsafe &lt;prompt&gt;.”" in text
    assert "Cost 0.42" in text
    assert "Change the prompt or the options, or try again." in text


@pytest.mark.parametrize(("by", "who"), [("U1", "you"), ("U9", "an admin")])
def test_a_given_up_render_is_shown_as_billed(by: str, who: str) -> None:
    """In message and thread, with and without a known cost; only its user is mentioned."""
    given_up = replace(
        DONE,
        outcome=Outcome.CANCELLED,
        given_up_at=1100.0,
        given_up_by=by,
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
    assert "Cost 0.42 (estimate 0.4)." in result.final_message(of(billed)).text
    assert "bringing" not in status(replace(given_up, stage=Stage.FINISHED))


def test_an_outcome_before_the_giving_up_is_shown() -> None:
    """A render that ended before it was given up is delivered."""
    late = replace(DONE, given_up_at=1122.0, given_up_by="U1")
    assert "your video is ready" in result.final_message(of(late)).text


def test_parked_refused_and_cancelled_jobs_have_different_messages() -> None:
    """A parked job can be resumed; a refused or cancelled one is not charged."""
    parked = replace(DONE, stage=Stage.PARKED, problem="MindVideo is silent.")
    assert "on hold: MindVideo is silent." in result.stopped_message(of(parked)).text
    refused = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.FAILED, problem="No way in.")
    assert "No way in. Nothing was charged." in result.stopped_message(of(refused)).text
    cancelled = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.CANCELLED)
    assert "Nothing was charged." in result.stopped_message(of(cancelled)).text


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
    """A file name has only letters and digits of the prompt."""
    assert file.file_name(replace(DONE, input={"prompt": prompt}), 0, "video/mp4") == name


def test_several_files_are_numbered() -> None:
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
def test_a_file_has_the_suffix_of_its_content_type(content_type: str | None, ending: str) -> None:
    """A content type of another kind of media is ignored."""
    assert file.file_name(DONE, 0, content_type) == f"a-red-sports-car.{ending}"


def test_an_image_without_a_content_type_is_a_png() -> None:
    image = Output(media=Media.IMAGE, url="https://f.example/1")
    assert file.file_name(replace(DONE, outputs=(image,)), 0, None) == "a-red-sports-car.png"


def test_a_result_has_metadata_to_find_it_again() -> None:
    """Its metadata hold the ID of the job or of the resent delivery."""
    assert result.final_message(of(DONE)).blocks[0]["block_id"] == "video_job:k7m2p9"
    assert result.resent_message(of(DONE), "again").blocks[0]["block_id"] == "video_job:again"


def test_alt_text_is_the_prompt() -> None:
    """A job without a prompt has its model's name."""
    assert file.alt_text(DONE) == "a red sports car"
    assert file.alt_text(replace(DONE, input={})) == "Made by kling-v3"
    assert file.title(replace(DONE, input={"prompt": "a\n b"})) == "a b"


def test_a_job_with_a_poster_shows_it_with_words_for_screen_readers() -> None:
    """Above the small print and the buttons; what people typed notifies nobody there either."""
    job = replace(DONE, input={"prompt": "a\nlake <!channel>"}, film=Film(width=8, height=8))
    assert "image" not in [block["type"] for block in messages.job_message(of(job), 0.0).blocks]
    shown = replace(job, film=Film(width=8, height=8, poster="F1"))
    message = messages.job_message(of(shown), 0.0)
    checked = checked_blocks([dict(block) for block in message.blocks])
    [picture] = [block for block in checked if block["type"] == "image"]
    assert picture["slack_file"] == {"id": "F1"}
    assert picture["alt_text"] == "A picture from the video: a lake <!channel>"
    assert message.text == messages.job_message(of(job), 0.0).text


def test_a_result_has_thumbs_under_the_jobs_own_message_alone() -> None:
    """Once it is there, and while it is; what a screen reader reads is as long as Slack allows."""
    job = replace(DONE, input={"prompt": f"<!channel> {'lake ' * 99}"})
    message = messages.job_message(of(job), 0.0)
    thumbs = str(checked_blocks([dict(block) for block in message.blocks])[-1])
    assert "feedback_buttons" in thumbs
    assert f"'good {DONE.id}'" in thumbs
    assert f"'bad {DONE.id}'" in thumbs
    assert "'Bad: !channel lake lake" in thumbs
    assert "Good" not in message.text
    for other in (
        messages.job_message(of(RENDERING), 0.0),
        messages.job_message(of(replace(DONE, stage=Stage.FINISHED)), 0.0),
        messages.job_message(of(replace(DONE, outcome=Outcome.FAILED, outputs=())), 0.0),
        messages.job_message(of(replace(DONE, deleted_at=1.0, deleted_by="U1")), 0.0),
        result.final_message(of(DONE)),
    ):
        assert "context_actions" not in [block["type"] for block in other.blocks]
