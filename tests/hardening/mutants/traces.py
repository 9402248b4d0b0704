"""Faults planted in the traces: what joins them, and what they say."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_TRACES = "tests/app/test_traces.py"
_JOINED = f"{_TRACES}::test_an_ask_its_steps_commits_and_calls_are_one_trace"
_TEXTLESS = f"{_TRACES}::test_a_whole_conversation_leaves_no_text_secret_or_person_in_a_span"

MUTANTS = (
    Mutant(
        name="begins a new trace in each process",
        file="bot/jobs/accept.py",
        old="        traceparent=current_traceparent(),\n",
        new="",
        tests=(f"{_TRACES}::test_a_restart_continues_the_trace",),
    ),
    Mutant(
        name="begins a new trace in each step",
        file="bot/worker/step_span.py",
        old="    span.note(Attribute.STEP, label)\n",
        new="    span = tracer.begin(SpanName.STEP)\n    span.note(Attribute.STEP, label)\n",
        tests=(_JOINED,),
    ),
    Mutant(
        name="loses the trace in what is told of a job",
        file="storage/notification.py",
        old="        traceparent=job.traceparent,\n        detail=detail,\n",
        new="        detail=detail,\n",
        tests=(f"{_TRACES}::test_what_is_told_of_a_job_is_of_its_trace",),
    ),
    Mutant(
        name="says the prompt in a span",
        file="bot/worker/step_span.py",
        old="            span.note(Attribute.MODEL, row.model)\n",
        new='            span.note(Attribute.MODEL, str(row.input["prompt"]))\n',
        tests=(_TEXTLESS,),
    ),
    Mutant(
        name="says who asked in a span",
        file="bot/jobs/accept.py",
        old="    note(Attribute.JOB, row.id)\n",
        new="    note(Attribute.JOB, row.user)\n",
        tests=(_TEXTLESS,),
    ),
    Mutant(
        name="takes any text for an attribute",
        file="bot/app/otel.py",
        old="    return value if _WORD.fullmatch(value) else _OTHER\n",
        new="    return value\n",
        tests=(f"{_TRACES}::test_a_text_is_no_attribute",),
    ),
    Mutant(
        name="lets all later work belong to the ask that woke it",
        file="bot/worker/scheduler.py",
        old="        leave_span()\n",
        new="",
        tests=("tests/worker/test_scheduler.py::test_a_tick_belongs_to_no_request_that_woke_it",),
    ),
)
