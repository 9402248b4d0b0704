"""Tests of who may use the bot, and of who may see a job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from bot.base.errors import (
    BotError,
    NotAMemberError,
    OperatorMustActError,
    RetryLaterError,
    UsageError,
)
from bot.base.ports import Conversation, Directory, Person
from bot.jobs import access
from bot.jobs.accept import Interaction
from bot.jobs.access import (
    find_job,
    is_admitted,
    load_viewer,
    refuse_known_outsider,
    require_member,
)
from bot.jobs.services import Services
from storage.job import IN_CHANNEL
from storage.sqlite.store import SqliteStore
from tests.support.inline_store import inline_session
from tests.support.services import FakeDirectory, Missing, services
from tests.support.store_samples import ACCEPTED, a_job

ADMIN, MEMBER, OUTSIDER = "UADMIN", "U2", "U9"
GUEST = Person(name="gus", zone="UTC", is_guest=True)
JOB = a_job()


@dataclass
class ListedDirectory(FakeDirectory):
    """A directory of given people and members, which counts its calls and can fail."""

    people: dict[str, Person] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    public: frozenset[str] = frozenset()
    cached: bool = False
    failure: BotError | None = None
    silent: bool = False
    calls: list[str] = field(default_factory=list)

    async def identify(self, user: str) -> Person:
        """Return a person, or fail."""
        await self._call(user)
        return self.people.get(user) or await self.person(user)

    def known(self, user: str) -> Person | None:
        """Return a person of the list, if it is cached."""
        return self.people.get(user) if self.cached else None

    async def conversation(self, channel: str, /) -> Conversation:
        """Return a private channel, or a public one if it is in the list."""
        return Conversation(is_public=channel in self.public, has_bot=True)

    async def public_channels(self) -> frozenset[str]:
        """Return the public channels of the list, or fail."""
        await self._call("the public channels")
        return self.public

    async def common_channels(self, user: str, /) -> frozenset[str]:
        """Return the channel of the job for its members, or fail."""
        await self._call(f"the channels of {user}")
        return frozenset({JOB.channel} if user in self.members else ())

    async def is_member(self, channel: str, user: str) -> bool:
        """Return whether a user is in the list, or fail."""
        await self._call(f"{user} in {channel}")
        return user in self.members

    async def _call(self, about: str) -> None:
        self.calls.append(about)
        if self.silent:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def directory() -> ListedDirectory:
    """A directory in which only the member is in the job's channel."""
    return ListedDirectory(members={MEMBER})


@pytest.fixture
async def made(tmp_path: Path, directory: ListedDirectory) -> AsyncIterator[Services]:
    """Services over a store with one job."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    await store.jobs.insert(JOB, ACCEPTED)
    yield services(store, directory=directory, admins=frozenset({ADMIN}))
    await store.close()


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Slack for an instant only."""
    monkeypatch.setattr(access, "LOOKUP_SECONDS", 0.01)


def acted(
    user: str, *, channel: str = "C9", team: str = JOB.team, user_team: str | None = None
) -> Interaction:
    """Return an interaction of a user, in a channel that is not the job's."""
    return Interaction(
        team=team,
        channel=channel,
        user=user,
        surface="command",
        dedup_key="1",
        reply_to=IN_CHANNEL,
        user_team=user_team,
    )


@pytest.mark.parametrize(
    ("by", "sees"),
    [
        (acted(JOB.user), True),
        (acted(ADMIN), True),
        (acted(MEMBER), True),
        (acted(OUTSIDER), False),
        (acted(OUTSIDER, channel=JOB.channel), True),
        (acted(JOB.user, team="T2"), False),
        (acted(ADMIN, team="T2"), False),
    ],
    ids=["asker", "admin", "member", "other", "in its channel", "other team", "admin elsewhere"],
)
async def test_a_job_is_found_by_its_asker_admins_and_members(
    made: Services, by: Interaction, *, sees: bool
) -> None:
    assert (await find_job(JOB.id, by, made) is not None) is sees


async def test_what_is_not_theirs_to_see_is_the_same_as_what_is_not_there(
    made: Services, directory: ListedDirectory
) -> None:
    """A guest hears the same of both too."""
    assert await find_job(JOB.id, acted(OUTSIDER), made) is None
    assert await find_job("0000000000", acted(OUTSIDER), made) is None
    directory.people[OUTSIDER] = GUEST
    for job_id in (JOB.id, "0000000000"):
        with pytest.raises(UsageError, match="members of this workspace"):
            await find_job(job_id, acted(OUTSIDER), made)


async def test_a_direct_conversation_has_no_other_members(
    made: Services, directory: ListedDirectory
) -> None:
    """The bot may not ask Slack who is in one, and need not."""
    direct = replace(JOB, id="direct0000", dedup_key="2", channel="D1")
    await made.store.jobs.insert(direct, ACCEPTED)
    assert await find_job(direct.id, acted(MEMBER), made) is None
    assert directory.calls == [MEMBER]


@pytest.mark.parametrize(
    "error", [NotAMemberError("no"), OperatorMustActError("no"), RetryLaterError("later")]
)
async def test_a_channel_of_which_slack_tells_nothing_has_no_members(
    made: Services, directory: ListedDirectory, error: BotError
) -> None:
    """Another answer than for an unknown ID would tell that there is such a job."""
    directory.failure = error
    assert await find_job(JOB.id, acted(MEMBER), made) is None


@pytest.mark.usefixtures("short_patience")
async def test_nobody_waits_long_for_slack(made: Services, directory: ListedDirectory) -> None:
    """An acknowledgement is due within 3 s."""
    directory.silent = True
    assert await find_job(JOB.id, acted(MEMBER), made) is None
    await require_member(acted(OUTSIDER), made)
    assert await find_job(JOB.id, acted(JOB.user), made) is not None


async def test_own_jobs_are_found_without_a_call(made: Services) -> None:
    unavailable = replace(made, directory=cast("Directory", Callless()))
    for user in (JOB.user, ADMIN):
        assert await find_job(JOB.id, acted(user), unavailable) is not None


class Callless(Missing):
    """A directory with an empty cache, any other use of which fails the test."""

    def known(self, _user: str, /) -> Person | None:
        """Return nobody."""
        return None


@pytest.mark.parametrize("user_team", ["T2", "E2"])
async def test_the_payload_alone_refuses_people_of_other_workspaces(
    made: Services, user_team: str
) -> None:
    """No call is made: it comes before the acknowledgement."""
    unavailable = replace(made, directory=cast("Directory", Callless()))
    with pytest.raises(UsageError, match="members of this workspace"):
        refuse_known_outsider(acted(OUTSIDER, user_team=user_team), unavailable)
    refuse_known_outsider(acted(OUTSIDER, user_team=JOB.team), unavailable)
    refuse_known_outsider(acted(OUTSIDER), unavailable)


async def test_what_slack_told_a_moment_ago_refuses_guests(
    made: Services, directory: ListedDirectory
) -> None:
    directory.people[OUTSIDER] = GUEST
    refuse_known_outsider(acted(OUTSIDER), made)
    directory.cached = True
    with pytest.raises(UsageError):
        refuse_known_outsider(acted(OUTSIDER), made)
    assert directory.calls == []


async def test_slacks_trouble_refuses_nobody_but_admits_nobody_either(
    made: Services, directory: ListedDirectory
) -> None:
    """What costs nothing goes on; what may be charged waits."""
    directory.failure = RetryLaterError("busy")
    await require_member(acted(OUTSIDER), made)
    with pytest.raises(RetryLaterError):
        await is_admitted(OUTSIDER, JOB.team, made)


async def test_the_operator_may_allow_everybody(made: Services) -> None:
    """Then Slack is not asked at all; nor is it about admins, whom the operator named."""
    unavailable = replace(made, directory=cast("Directory", Callless()))
    assert await is_admitted(ADMIN, JOB.team, unavailable)
    open_to_all = replace(unavailable, allow_external_people=True)
    refuse_known_outsider(acted(OUTSIDER, user_team="T2"), open_to_all)
    assert await is_admitted(OUTSIDER, JOB.team, open_to_all)


async def test_a_job_of_a_public_channel_is_shown_to_every_full_member(
    made: Services, directory: ListedDirectory
) -> None:
    """As Slack shows the channel; a guest sees only what they are in."""
    elsewhere = replace(acted(OUTSIDER), channel="C9")
    assert await find_job(JOB.id, elsewhere, made) is None
    directory.public = frozenset({JOB.channel})
    assert await find_job(JOB.id, elsewhere, made) == JOB
    directory.people[OUTSIDER] = GUEST
    admitting = replace(made, allow_external_people=True)
    assert await find_job(JOB.id, elsewhere, admitting) is None
    directory.members.add(OUTSIDER)
    assert await find_job(JOB.id, elsewhere, admitting) == JOB


@pytest.mark.parametrize("channel", ["C9", "D9", ""])
async def test_what_a_person_may_find_is_what_they_may_see(
    made: Services, directory: ListedDirectory, channel: str
) -> None:
    """Where they are, the channels that they are in, and public ones; no direct conversation."""
    here = frozenset({channel} - {"D9", ""})
    directory.public = frozenset({"C7"})
    for user, more in ((MEMBER, {JOB.channel, "C7"}), (OUTSIDER, {"C7"}), (ADMIN, {"C7"})):
        seen = await load_viewer(replace(acted(user), channel=channel), made)
        assert (seen.viewer.channels, seen.is_certain) == (here | more, True)
    directory.people[OUTSIDER] = GUEST
    seen = await load_viewer(replace(acted(OUTSIDER), channel=channel), made)
    assert (seen.viewer.channels, seen.is_certain) == (here, True)


@pytest.mark.parametrize("is_silent", [True, False])
@pytest.mark.usefixtures("short_patience")
async def test_what_slack_does_not_tell_in_time_is_not_seen(
    made: Services, directory: ListedDirectory, *, is_silent: bool
) -> None:
    directory.silent, directory.failure = is_silent, RetryLaterError("busy")
    seen = await load_viewer(acted(MEMBER), made)
    assert (set(seen.viewer.channels), seen.is_certain) == ({"C9"}, False)
