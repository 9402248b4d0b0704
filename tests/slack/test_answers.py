"""Tests of Slack's answers: one odd field or item leaves the rest readable."""

from __future__ import annotations

import pytest

from bot.slack.answers import (
    ChannelObject,
    FileObject,
    MembersAnswer,
    MessagesAnswer,
    UserObject,
)

ODD = pytest.mark.parametrize("odd", [None, 7, "x", ["x"], {"x": 7}], ids=str)


@ODD
def test_an_odd_message_hides_no_other_one(odd: object) -> None:
    """A page in which the bot's own message is searched for."""
    page = MessagesAnswer.model_validate(
        {
            "messages": [
                odd,
                {"ts": odd, "user": "U1"},
                {"ts": "1.2", "user": "U2", "metadata": odd, "blocks": [odd, {"block_id": "b"}]},
                {"ts": "1.3", "user": odd, "files": odd, "bot_id": "B1"},
            ],
            "response_metadata": odd,
        }
    )
    assert [message.ts for message in page.messages] == ["1.2", "1.3"]
    assert [block.block_id for block in page.messages[0].blocks][-1] == "b"
    assert page.messages[1].bot_id == "B1"


@pytest.mark.parametrize("ts", ["", "NaN", "soon", "1e400", "-1.0", "1_0.0", "٣.1"])
def test_a_message_without_a_moment_is_none(ts: str) -> None:
    """Messages are sorted by it."""
    assert MessagesAnswer.model_validate({"messages": [{"ts": ts}]}).messages == []


@ODD
def test_an_odd_share_or_member_hides_no_other_one(odd: object) -> None:
    shares = {"public": {"C1": [odd, {"ts": "1.2"}], "C2": odd}, "beyond": odd, "private": odd}
    file = FileObject.model_validate({"name": "a.mp4", "shares": shares})
    assert [share.ts for share in file.shares["public"]["C1"]] == ["1.2"]
    members = MembersAnswer.model_validate({"members": [odd, "U1"]}).members
    assert members[-1] == "U1"


@pytest.mark.parametrize("odd", [7, "x", ["x"], {"x": 7}], ids=str)
def test_an_odd_restriction_is_one(odd: object) -> None:
    """Who may be a guest is treated as one, and what may be private as private."""
    for flag in ("is_restricted", "is_ultra_restricted", "is_stranger"):
        assert getattr(UserObject.model_validate({flag: odd}), flag) is True
        assert getattr(UserObject.model_validate({flag: False}), flag) is False
        assert getattr(UserObject.model_validate({flag: None}), flag) is False
    for flag in ("is_private", "is_im", "is_mpim", "is_ext_shared"):
        assert getattr(ChannelObject.model_validate({flag: odd}), flag) is True
        assert getattr(ChannelObject.model_validate({flag: False}), flag) is False
