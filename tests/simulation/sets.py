"""Several videos asked for at once: what must hold of them and of their set's message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.options.request import RenderRequest
from storage.job import NOT_REQUESTED, Job
from tests.simulation.workspace import Workspace
from tests.simulation.world import World


def requests_of(prompts: Sequence[str]) -> list[RenderRequest]:
    """Return what is asked for at once."""
    return [
        RenderRequest(model="kling-v3", input={"prompt": prompt}, kind="kling-v3")
        for prompt in prompts
    ]


def in_one_set(one: Job, other: Job) -> bool:
    """Tell whether two jobs were asked for at once."""
    return one.set_id is not None and one.set_id == other.set_id


class SetBook:
    """Checks what was promised of sets."""

    def __init__(self, world: World, slack: Workspace) -> None:
        self._world = world
        self._slack = slack
        self._sizes: dict[str, int] = {}
        """How many videos each ask is about, by its dedup key."""

    def ask(self, dedup_key: str, size: int) -> None:
        """Note that somebody is about to ask for several videos at once."""
        self._sizes[dedup_key] = size

    def check_whole(self, rows: Mapping[str, Job]) -> None:
        """Check that of each set all parts are there, and that all were accepted or none."""
        for first in rows.values():
            if first.set_id is None or first.part != 1:
                continue
            parts = [row for row in rows.values() if in_one_set(first, row)]
            numbers = sorted(part.part or 0 for part in parts)
            is_whole = numbers == list(range(1, self._sizes[first.dedup_key] + 1))
            if not is_whole or len({part.stage in NOT_REQUESTED for part in parts}) > 1:
                stages = {part.part: part.stage for part in parts}
                self._world.violate("a set is taken whole or not at all", f"{stages}")

    def check_posts(self, part: Job) -> None:
        """Check that a part's message came after that of the set, into its thread."""
        if part.set_id is None:
            return
        threads = set(self._threads(part.set_id))
        for said in self._slack.live(part.id, is_result=False):
            if said.place.thread_ts not in threads:
                self._world.violate("a part is in the thread of its set", part.id)

    def check_message(self, first: Job) -> None:
        """Check the message of a set at rest: there is none of what was not accepted."""
        posts = list(self._threads(first.set_id or ""))
        self._world.counts["sets with a message" if posts else "sets without a message"] += 1
        if posts and first.stage in NOT_REQUESTED:
            self._world.violate("what waits is not announced", first.id)

    def _threads(self, set_id: str) -> Iterator[str]:
        """Yield the threads of the messages of a set, also of one that somebody deleted."""
        for said in self._slack.posts:
            if said.job_id == set_id:
                yield said.place.thread_ts or said.ts
