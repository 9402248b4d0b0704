"""Tests of the protocol: requests as bytes, responses as snapshots or errors."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.base.errors import (
    BotError,
    KeyConflictError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.exchange import Answer, TaskCall, call_of, memo_of
from bot.mindvideo.protocol import (
    combine,
    is_complete,
    read_events_answer,
    read_submit,
    read_task_answer,
    request_body,
    submit_request,
    task_request,
)
from storage.job import Json, Media, Output
from tests.support.mindvideo_samples import answered

NOW = 1_750_000_000.0
VIDEO = Output(media=Media.VIDEO, url="https://example.com/a.mp4")
COST = Decimal("0.0756")


# Requests


def test_a_body_holds_model_and_input_only() -> None:
    body = request_body("kling-v3", {"prompt": "a red car", "duration": 10})

    assert body == b'{"input":{"duration":10,"prompt":"a red car"},"model":"kling-v3"}'


def test_equal_options_give_the_same_bytes() -> None:
    one = request_body("m", {"a": [1, 2], "b": {"x": True, "y": None}})
    other = request_body("m", MappingProxyType({"b": {"y": None, "x": True}, "a": (1, 2)}))

    assert one == other


def test_a_body_is_utf_8_and_may_hold_a_lone_surrogate() -> None:
    body = request_body("m", {"prompt": "ein Größenwahn \ud800 ✨"})

    assert "Größenwahn".encode() in body
    assert json.loads(body)["input"]["prompt"] == "ein Größenwahn \ud800 ✨"


def test_a_number_that_json_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        request_body("m", {"x": float("nan")})


def test_a_submit_sends_the_key_and_the_exact_bytes() -> None:
    request = submit_request(b"{}", "slack:T1:C1:1.2")

    assert (request.method, request.path) == ("POST", "/api/v1/tasks")
    assert request.headers["Idempotency-Key"] == "slack:T1:C1:1.2"
    assert request.headers["Content-Type"] == "application/json"
    assert request.content == b"{}"


@pytest.mark.parametrize(
    ("call", "path"),
    [(TaskCall.TASK, "/api/v1/tasks/a%2Fb%3F"), (TaskCall.EVENTS, "/api/v1/tasks/a%2Fb%3F/events")],
)
def test_a_read_escapes_the_task_id(call: TaskCall, path: str) -> None:
    request = task_request("a/b?", call)

    assert (request.method, request.path, request.content) == ("GET", path, None)


# Tasks


def test_the_documented_response_is_read_completely() -> None:
    assert read_task_answer(answered("task-succeeded.json"), NOW) == Snapshot(
        state=TaskState.SUCCEEDED,
        state_text="succeeded",
        task_id="task_demo_model",
        request_id="req_demo_model",
        cost_estimate=COST,
        cost_actual=COST,
        outputs=(Output(media=Media.VIDEO, url="https://example.com/output/demo.mp4"),),
        memo=memo_of(TaskCall.TASK),
    )


def test_null_fields_are_unknown() -> None:
    snapshot = read_submit(answered("task-nulls.json"), NOW)

    assert snapshot.state is TaskState.QUEUED
    assert (snapshot.cost_actual, snapshot.outputs, snapshot.problem) == (None, (), None)
    assert call_of(snapshot.memo) is TaskCall.EVENTS


def test_numbers_as_text_and_ids_as_numbers_are_accepted() -> None:
    snapshot = read_submit(answered("task-numbers-as-text.json"), NOW)

    assert (snapshot.task_id, snapshot.request_id) == ("4711", "71")
    assert snapshot.state is TaskState.PROCESSING
    assert (snapshot.cost_estimate, snapshot.cost_actual) == (COST, Decimal("1.50"))


def test_a_wrapped_task_with_extra_fields_is_read() -> None:
    snapshot = read_submit(answered("task-wrapped-with-extra-fields.json"), NOW)

    assert (snapshot.task_id, snapshot.state) == ("task_1", TaskState.PROCESSING)
    assert snapshot.problem is None


def test_an_unknown_state_counts_as_still_running() -> None:
    snapshot = read_task_answer(answered("task-unknown-state.json"), NOW)

    assert (snapshot.state, snapshot.state_text) == (TaskState.UNKNOWN, "upscaling")
    assert not snapshot.state.is_terminal


@pytest.mark.parametrize(
    "name", ["task-cost-not-a-number.json", "task-cost-negative-or-words.json"]
)
def test_an_invalid_cost_is_unknown(name: str) -> None:
    snapshot = read_task_answer(answered(name), NOW)

    assert (snapshot.cost_estimate, snapshot.cost_actual) == (None, None)
    assert snapshot.state is TaskState.SUCCEEDED


def test_image_models_give_images() -> None:
    snapshot = read_task_answer(answered("task-images.json"), NOW)

    assert [output.media for output in snapshot.outputs] == [Media.IMAGE, Media.IMAGE]
    assert [output.url[-5:] for output in snapshot.outputs] == ["a.png", "b.png"]


def test_outputs_are_distinct_web_addresses() -> None:
    snapshot = read_task_answer(answered("task-odd-outputs.json"), NOW)

    assert snapshot.outputs == (
        VIDEO,
        Output(media=Media.IMAGE, url="https://example.com/e.png"),
    )


def test_the_reason_of_a_failed_task_is_one_clean_line() -> None:
    snapshot = read_task_answer(answered("task-failed.json"), NOW)

    assert snapshot.state is TaskState.FAILED
    assert snapshot.problem == "The prompt was refused by the safety filter."
    assert snapshot.cost_actual == 0


def test_a_cancelled_task_may_have_a_reason() -> None:
    snapshot = read_task_answer(answered("task-cancelled.json"), NOW)

    assert snapshot.state is TaskState.CANCELLED
    assert snapshot.problem == "Cancelled in the dashboard."


def test_the_state_canceled_is_cancelled() -> None:
    answer = Answer(status=200, text='{"task_id": "t", "status": "canceled"}')

    assert read_task_answer(answer, NOW).state is TaskState.CANCELLED


def test_a_task_without_a_state_is_still_running() -> None:
    answer = Answer(status=201, text='{"task_id": "task_1"}')

    assert read_submit(answer, NOW).state is TaskState.UNKNOWN
    assert read_task_answer(answer, NOW).state is TaskState.UNKNOWN


@pytest.mark.parametrize("task_id", ["..", "a b", "x" * 201, "", "a\u0000b"])
def test_an_unsafe_task_id_is_unknown(task_id: str) -> None:
    answer = Answer(status=200, text=json.dumps({"task_id": task_id, "status": "queued"}))

    with pytest.raises(OutcomeUnknownError):
        read_submit(answer, NOW)


UNREADABLE = ["task-wrong-types.json", "task-truncated.json", "task-page.html", "error-nothing.txt"]


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_response_to_a_submit_leaves_it_in_doubt(name: str) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_submit(answered(name), NOW)


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_response_to_a_read_is_retried(name: str) -> None:
    with pytest.raises(RetryLaterError):
        read_task_answer(answered(name), NOW)


@pytest.mark.parametrize("text", ["[]", "null", "5", '"queued"', "{}", "[" * 100_000])
def test_json_that_is_not_a_task_is_unreadable(text: str) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_submit(Answer(status=200, text=text), NOW)
    with pytest.raises(RetryLaterError):
        read_task_answer(Answer(status=200, text=text), NOW)


def test_an_error_with_status_200_is_retried() -> None:
    with pytest.raises(RetryLaterError, match=r"The prompt is too long\."):
        read_task_answer(answered("error-text.json"), NOW)


# Events


@pytest.mark.parametrize(
    "name",
    [
        "events-list.json",
        "events-under-events.json",
        "events-under-data.json",
        "events-under-items.json",
        "events-inside-task.json",
        "events-stream.txt",
        "events-reordered-by-sequence.json",
    ],
)
def test_every_shape_of_events_gives_the_same_snapshot(name: str) -> None:
    assert read_events_answer(answered(name), NOW).snapshot == Snapshot(
        state=TaskState.SUCCEEDED,
        state_text="succeeded",
        task_id="task_1",
        cost_actual=COST,
        outputs=(VIDEO,),
        memo=memo_of(TaskCall.EVENTS),
    )


def test_events_may_be_the_task_itself() -> None:
    snapshot = read_events_answer(answered("events-task.json"), NOW).snapshot

    assert snapshot is not None
    assert (snapshot.state, snapshot.cost_actual) == (TaskState.SUCCEEDED, COST)


@pytest.mark.parametrize(
    "name", ["events-reordered-by-date.json", "events-duplicated.json", "events-words.json"]
)
def test_the_newest_state_applies(name: str) -> None:
    snapshot = read_events_answer(answered(name), NOW).snapshot

    assert snapshot is not None
    assert snapshot.state is TaskState.PROCESSING


def test_missing_events_before_the_end_are_tolerated() -> None:
    snapshot = read_events_answer(answered("events-with-gaps.json"), NOW).snapshot

    assert snapshot is not None
    assert snapshot.state is TaskState.SUCCEEDED


def test_unknown_events_are_ignored_and_listed() -> None:
    reading = read_events_answer(answered("events-unknown.json"), NOW)

    assert reading.snapshot is not None
    assert reading.snapshot.state is TaskState.PROCESSING
    assert reading.strange == {"task.mood", "without a name"}


def test_a_terminal_state_is_final_but_a_later_cost_applies() -> None:
    snapshot = read_events_answer(answered("events-after-the-end.json"), NOW).snapshot

    assert snapshot is not None
    assert (snapshot.state, snapshot.problem) == (TaskState.SUCCEEDED, None)
    assert snapshot.cost_actual == COST


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ('[{"ts": 2, "status": "processing"}, {"ts": 1.5, "status": "queued"}]', "processing"),
        ('[{"ts": true, "status": "processing"}, {"ts": null, "status": "queued"}]', "queued"),
        ('[{"ts": "later", "status": "processing"}, {"ts": "²", "status": "queued"}]', "queued"),
        ('[{"ts": [], "status": "processing"}, {"ts": NaN, "status": "queued"}]', "queued"),
        (
            '[{"at": "2025-06-01", "state": "processing"}, {"at": "20240101", "state": "queued"}]',
            "processing",
        ),
        ('{"status": "processing", "events": [{"at": 1, "status": "queued"}]}', "processing"),
        (
            (
                '[{"at": 2, "status": "processing"}, {"status": "warming"},'
                ' {"at": 1, "state": "queued"}]'
            ),
            "warming",
        ),
        (
            (
                '[{"type": "hello", "id": 7}, {"at": 2, "state": "processing"},'
                ' {"at": 1, "state": "queued"}, {"at": null, "message": "x"}]'
            ),
            "processing",
        ),
    ],
)
def test_events_are_ordered_by_a_field_that_most_have_else_as_received(
    events: str, state: str
) -> None:
    snapshot = read_events_answer(Answer(status=200, text=events), NOW).snapshot

    assert snapshot is not None
    assert snapshot.state_text == state


@pytest.mark.parametrize(
    "text",
    [
        'data: [{"status": "queued"}, {"status": "processing"}]\n\n',
        "event: processing\ndata: 41 %\n\n",
        ': hello\n\ndata: {"status": "processing"}',
        "data:processing\n\nevent: end\n\n",
    ],
)
def test_an_event_stream_is_recognised_without_its_content_type(text: str) -> None:
    snapshot = read_events_answer(Answer(status=200, text=text), NOW).snapshot

    assert snapshot is not None
    assert snapshot.state is TaskState.PROCESSING


@pytest.mark.parametrize("status", [404, 405])
def test_without_events_the_task_is_read(status: int) -> None:
    assert read_events_answer(answered("error-text.json", status), NOW).snapshot is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "<html></html>", '[{"cost_actual": 1}]', '{"events": []}', "[[1]]", "5"],
)
def test_after_events_without_a_state_the_task_is_read(text: str) -> None:
    assert read_events_answer(Answer(status=200, text=text), NOW).snapshot is None


def test_a_failed_read_of_events_is_retried() -> None:
    with pytest.raises(RetryLaterError):
        read_events_answer(answered("error-page.html", 502), NOW)


def test_a_stream_that_stays_open_is_not_opened_again() -> None:
    text = 'data: {"status": "processing"}\n\ndata: {"sta'
    open_answer = Answer(status=200, text=text, ended=False)

    snapshot = read_events_answer(open_answer, NOW).snapshot

    assert snapshot is not None
    assert (snapshot.state, call_of(snapshot.memo)) == (TaskState.PROCESSING, TaskCall.TASK)


def test_final_events_without_files_and_cost_do_not_suffice() -> None:
    def ended(state: TaskState, **known: object) -> Snapshot:
        return Snapshot(state=state, state_text=state, **known)  # type: ignore[arg-type] # fields

    assert is_complete(ended(TaskState.PROCESSING))
    assert is_complete(ended(TaskState.SUCCEEDED, outputs=(VIDEO,), cost_actual=COST))
    assert is_complete(ended(TaskState.FAILED, cost_actual=COST))
    assert not is_complete(ended(TaskState.SUCCEEDED, outputs=(VIDEO,)))
    assert not is_complete(ended(TaskState.SUCCEEDED, cost_actual=COST))
    assert not is_complete(ended(TaskState.FAILED))


def test_the_task_adds_to_its_events_and_keeps_their_end() -> None:
    by_events = Snapshot(state=TaskState.SUCCEEDED, state_text="succeeded", task_id="t")
    by_task = Snapshot(
        state=TaskState.PROCESSING, state_text="processing", outputs=(VIDEO,), cost_actual=COST
    )

    both = combine(by_events, by_task)

    assert (both.state, both.outputs, both.cost_actual) == (TaskState.SUCCEEDED, (VIDEO,), COST)
    assert call_of(both.memo) is TaskCall.TASK


def test_while_a_task_renders_the_memo_keeps_the_events() -> None:
    running = Snapshot(state=TaskState.PROCESSING, state_text="processing")

    assert call_of(combine(running, running).memo) is TaskCall.EVENTS


# Memos


@pytest.mark.parametrize("call", list(TaskCall))
def test_a_memo_holds_the_call_as_json(call: TaskCall) -> None:
    assert memo_of(call) == {"look_by": call.value}
    assert call_of(memo_of(call)) is call


@pytest.mark.parametrize("memo", [{}, {"look_by": "telepathy"}, {"look_by": None}, {"other": 1}])
def test_a_memo_without_a_call_means_the_events(memo: Mapping[str, Json]) -> None:
    assert call_of(memo) is TaskCall.EVENTS


# Errors


@pytest.mark.parametrize("status", [401, 402, 403, 301, 302, 307, 308])
def test_an_error_for_the_operator_is_raised_by_every_call(status: int) -> None:
    answer = answered("error-text.json", status)

    for read in (read_submit, read_task_answer, read_events_answer):
        with pytest.raises(OperatorMustActError, match=f"status {status}"):
            read(answer, NOW)


@pytest.mark.parametrize("status", [425, 429])
def test_a_rate_limit_is_a_certain_refusal(status: int) -> None:
    answer = answered("error-text.json", status, retry_after="30")

    for read in (read_submit, read_task_answer, read_events_answer):
        with pytest.raises(RetryLaterError) as caught:
            read(answer, NOW)
        assert caught.value.retry_after == 30


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize("name", ["error-page.html", "error-nothing.txt"])
def test_an_address_without_an_api_is_an_error_for_the_operator(name: str, status: int) -> None:
    """A gateway answers so, without JSON; the outcome of an earlier submit stays unknown."""
    with pytest.raises(OperatorMustActError, match="check MINDVIDEO_BASE_URL"):
        read_submit(answered(name, status), NOW)


@pytest.mark.parametrize("status", [400, 404, 410, 413, 415, 422, 451, 499])
def test_a_refused_submit_is_raised_with_mindvideos_message(status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        read_submit(answered("error-code-and-message.json", status), NOW)

    assert not isinstance(caught.value, KeyConflictError | NotFoundError)
    assert str(caught.value) == "duration: 20 is greater than 15"
    assert (caught.value.code, caught.value.request_id) == ("invalid_input", "req_9")


def test_a_refusal_without_a_message_has_a_default_one() -> None:
    with pytest.raises(RefusedError, match=r"not accepted \(status 422\)"):
        read_submit(Answer(status=422), NOW)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 524, 599])
def test_a_submit_with_a_server_error_is_in_doubt(status: int) -> None:
    answer = answered("error-page.html", status, retry_after="5", x_request_id="req_7")

    with pytest.raises(OutcomeUnknownError, match="502 Bad Gateway") as caught:
        read_submit(answer, NOW)

    assert (caught.value.retry_after, caught.value.request_id) == (5, "req_7")


def test_a_409_of_an_idempotency_conflict_is_a_key_conflict() -> None:
    with pytest.raises(KeyConflictError) as caught:
        read_submit(answered("conflict-of-input.json", 409), NOW)

    assert (caught.value.code, caught.value.request_id) == ("idempotency_conflict", "req_9")


@pytest.mark.parametrize(
    "name",
    ["conflict-in-progress.json", "conflict-unclear.json", "error-page.html", "error-nothing.txt"],
)
def test_any_other_409_leaves_a_submit_in_doubt(name: str) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_submit(answered(name, 409), NOW)


@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_task_is_not_found(status: int) -> None:
    with pytest.raises(NotFoundError):
        read_task_answer(answered("error-detail.json", status), NOW)


@pytest.mark.parametrize("status", [400, 408, 409, 422, 500, 503])
def test_a_failed_read_is_retried(status: int) -> None:
    with pytest.raises(RetryLaterError):
        read_task_answer(answered("error-detail.json", status), NOW)


# Anything at all

FIELDS = [
    "task_id",
    "status",
    "state",
    "type",
    "data",
    "events",
    "items",
    "output",
    "videos",
    "images",
    "url",
    "error",
    "message",
    "detail",
    "code",
    "loc",
    "msg",
    "cost_actual",
    "cost_estimate",
    "request_id",
    "sequence",
    "created_at",
]
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["queued", "succeeded", "failed", "https://example.com/a.mp4", "1e999", "NaN"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)
ANY_TEXT = (
    ANY_JSON.map(json.dumps)
    | st.text()
    | st.binary().map(lambda raw: raw.decode("utf-8", "replace"))
    | st.lists(ANY_JSON.map(json.dumps), max_size=4).map(
        lambda values: "".join(f"data: {value}\n\n" for value in values)
    )
)


@given(
    text=ANY_TEXT,
    status=st.integers(200, 599),
    kind=st.sampled_from(["application/json", "text/event-stream", "text/html", ""]),
    retry_after=st.text() | st.integers().map(str),
)
def test_any_response_is_read_or_raises_a_bot_error(
    text: str, status: int, kind: str, retry_after: str
) -> None:
    headers = {"content-type": kind, "retry-after": retry_after}
    answer = Answer(status=status, headers=headers, text=text)
    for read in (read_submit, read_task_answer, read_events_answer):
        error = _error_of(read, answer)
        if error is not None:
            assert 0 < len(str(error)) <= 300
            assert error.retry_after is None or 1 <= error.retry_after <= 900


def _error_of(read: Callable[[Answer, float], object], answer: Answer) -> BotError | None:
    try:
        read(answer, NOW)
    except BotError as error:
        return error
    return None
