"""Reads what a style is to have, as it is typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.base.errors import UsageError
from bot.options.alternatives import variants_of
from bot.options.catalog import Catalog
from bot.options.defaults import accepted_values
from bot.options.doubts import in_sentences
from bot.options.parser import read_text
from bot.options.problems import Problems
from bot.options.request import chosen_model, given_in
from bot.options.schema import PROMPT
from bot.options.styles import Style, check_words
from storage.job import Json


def read_style(name: str, text: str, catalog: Catalog, defaults: Mapping[str, Json]) -> Style:
    """Return a style with the words and the options of a text.

    Options are read for the model that a request would have, or that the text names; the model
    itself is no part of the style. Raises `UsageError` with everything that is wrong.
    """
    typed = read_text(text)
    model = chosen_model(typed, catalog, defaults)
    problems = Problems(typed.problems)
    given = given_in(typed, model, catalog, problems)
    is_of_request = given.is_dry or given.times > 1 or given.is_for_each_image
    if is_of_request or given.project is not None or given.style is not None:
        with problems.collected():
            raise UsageError(
                "A style has words and options of the model: leave out `--dry`, `--times`, "
                "`--each-image`, `--project` and `--style`."
            )
    if given.has_shots:
        with problems.collected():
            raise UsageError(
                "A style has no shots: its words go around each shot of the request that uses it."
            )
    with problems.collected():
        if given.doubts:
            raise UsageError(*in_sentences(given.doubts))
    with problems.collected():
        if len(variants_of(typed).each) > 1:
            raise UsageError(
                "A style has no alternatives such as `{red|blue}`: they would be sent as they are. "
                "Say them in the request that uses it."
            )
    values = dict(accepted_values(model, given.values, problems))
    words = values.pop(PROMPT, None)
    style = Style(name=name, words=words if isinstance(words, str) else "", options=values)
    with problems.collected():
        check_words(style.words)
    if not style.words and not style.options:
        with problems.collected():
            raise UsageError(
                "Say what the style has: words, options or both, as in `/video style save "
                f'{name} "black and white, {{prompt}}, film grain" --mode pro`.'
            )
    problems.raise_any()
    return style
