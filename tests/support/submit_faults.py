"""What goes wrong at the simulated MindVideo when a job is submitted."""

from __future__ import annotations

from sandbox.mindvideo.faults import Call, Fault, FaultKind


def submit_fault(kind: FaultKind, *, times: int | None = 1, **how: str | int) -> Fault:
    """Return what goes wrong with the submit."""
    return Fault.model_validate({"call": Call.SUBMIT, "kind": kind, "times": times, **how})


def answer(status: int, *, times: int = 1, after: bool = False, **how: str) -> Fault:
    """Return an answer of MindVideo's in place of the right one."""
    kind = FaultKind.ANSWER_AFTER if after else FaultKind.ANSWER_BEFORE
    return submit_fault(kind, times=times, status=status, **how)
