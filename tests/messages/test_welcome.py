"""The words of the welcome: examples, and what is known of their prices."""

from __future__ import annotations

from decimal import Decimal

from bot.jobs.examples import Example
from bot.messages.welcome import suggested_prompts, welcome
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import Forecast, ForecastKind
from tests.support.services import CATALOG

UNKNOWN = Forecast(kind=ForecastKind.UNKNOWN)
SEEN = Forecast(kind=ForecastKind.OBSERVED, amount=Decimal("0.378"))


def test_each_example_has_its_price_and_an_unknown_one_is_said_to_be() -> None:
    known = Example(text='a "<b>" lake', forecast=SEEN)
    examples = [known, Example(text="a sea", forecast=UNKNOWN)]
    told = str(welcome(examples, "USD", is_channel=False).blocks)
    assert '> `/video a "&lt;b&gt;" lake` · about 0.378 USD' in told
    assert "> `/video a sea` · price not known yet" in told
    assert told.count("create_video") == 1


def test_where_no_price_is_known_that_is_said_once() -> None:
    examples = [Example(text=text, forecast=UNKNOWN) for text in ("a lake", "a sea")]
    told = str(welcome(examples, None, is_channel=True).blocks)
    assert "Nobody knows yet what these cost" in told
    assert "not known" not in told
    assert "Thanks for inviting me" in told


def test_no_suggestion_is_charged_for() -> None:
    """The only one that asks for a video asks to see it without."""
    model = CATALOG.default
    texts = [one.message for one in suggested_prompts(model)]
    assert texts[:1] + texts[2:] == ["help", "list", "cost"]
    assert read_request(read_text(texts[1]), CATALOG).is_dry
    assert len(texts) <= 4
