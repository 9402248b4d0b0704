"""Tests of the book of credit, over real HTTP."""

from __future__ import annotations

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import ANA, BEN, CREW, MIA
from tests.support.conversation import answer, direct_channel, make_video, names_cost
from tests.support.running_bot import running_bot

NO_CREDIT = Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=402, times=9)


async def test_what_was_booked_less_what_was_spent_is_left() -> None:
    """What was spent before the first booking was not paid from it."""
    async with running_bot(ADMINS=ANA, COST_UNIT="USD") as bot:
        assert "Nothing is booked" in await answer(bot, "credit")
        await make_video(bot)
        told = await answer(bot, "credit add 200 for “receipt 17”")
        assert "200 USD are booked" in told
        assert "200 USD booked - 0 USD confirmed - 0 USD held = 200 USD" in told
        await bot.type("a hill --duration 5")
        await bot.until(lambda: sum(map(names_cost, bot.messages())) == 2)
        await answer(bot, "credit take 50.5 for typed twice")
        shown = await answer(bot, "credit")
    assert "149.4244 USD are left" in shown
    assert "149.5 USD booked - 0.0756 USD confirmed - 0 USD held" in shown
    assert f"+200 USD for “receipt 17” by <@{ANA}>" in shown
    assert "-50.5 USD for “typed twice”" in shown
    assert "our own reckoning" in shown


REFUSED = (
    ("credit add 200", "Say what it is for: `/video credit add"),
    ('credit take 200 for ""', "Say what it is for: `/video credit take"),
    ("credit add 1e400 for receipt", "is no amount"),
    ("credit add -5 for receipt", "is no amount"),
    ("credit add 0 for receipt", "books nothing"),
    ("credit add 5 EUR for receipt", "have no currency"),
    (f"credit add 5 for {'x' * 201}", "at most 200 characters"),
    ("credit add lots", "/video credit"),
    ("credit add NaN for receipt", "is no amount"),
    ("credit take Infinity for receipt", "is no amount"),
    ("credit add for receipt 17", "Say how much"),
    ("credit add  for receipt", "Say how much"),
    ("credit add lots for receipt", "is no amount"),
    ("credit add minus ten for fun", "is no amount"),
    ("credit take a hundred for receipt", "`a hundred` is no amount"),
    ("credit add 5,50 for receipt", "is no amount"),
    ("credit add 2.500 for receipt", "may be read in two ways. Write `2500`, or `2.5000`"),
)


async def test_what_makes_no_sense_books_nothing() -> None:
    async with running_bot(ADMINS=ANA) as bot:
        for text, problem in REFUSED:
            assert problem in await answer(bot, text)
        assert "Nothing is booked" in await answer(bot, "credit")


async def test_only_those_in_charge_see_and_keep_the_book() -> None:
    """A prompt may begin with the word."""
    async with running_bot(ADMINS=MIA) as bot:
        for text in ("credit", "credit add 5 for receipt"):
            assert f"Only <@{MIA}> can see and change" in await answer(bot, text, user=BEN)
        assert "Nothing is booked" in await answer(bot, "credit", user=MIA)
        for text in ("cards falling on a table", "add some colour to the scene for a change"):
            assert (await bot.type(f"credit {text}", user=BEN)).shown is None


async def test_no_credit_at_mindvideo_while_the_book_has_some_is_told() -> None:
    """To an admin with the amount, to a channel without it."""
    async with running_bot(ADMINS=MIA) as bot:
        await answer(bot, "credit add 200 for receipt", user=MIA)
        bot.sandbox.video.faults.add(NO_CREDIT)
        await bot.type("a lake")
        channel = direct_channel(bot, MIA)
        await bot.until(lambda: "Somebody must act" in str(bot.messages(channel)))
        (told,) = [one.text for one in bot.messages(channel) if "must act" in one.text]
        assert "by our own book 200 is left there, so one of the two is wrong" in told
    async with running_bot(ADMINS=MIA) as bot:
        await answer(bot, "credit add 200 for receipt", user=MIA)
        await answer(bot, "notify here failures", channel=CREW)
        bot.sandbox.video.faults.add(NO_CREDIT)
        await bot.type("a lake")
        await bot.until(lambda: "Somebody must act" in str(bot.messages(CREW)))
        assert "by our own book some is left there" in str(bot.messages(CREW))
        assert "200" not in str([one.text for one in bot.messages(CREW) if "act" in one.text])
