"""The manual, built from the model files and from the tables of commands and buttons.

All texts are mrkdwn in which nothing is escaped, the texts of the model files included.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.options.catalog import Catalog, Model
from bot.options.model_file import MODEL_FLAG
from bot.options.schema import PROMPT, Kind, Option
from bot.options.wording import allowed, shown

_HOW_OPTIONS_WORK = (
    "*Options* may stand before, between or behind the words: `--option value` or "
    "`--option=value`, in full or as much as is unambiguous. `--option` switches a thing on and "
    "`--no-option` off. Values with spaces go in quotes. Words behind a lone `--` all belong to "
    "the prompt."
)


_ONE_RULE = (
    "`last` stands for the ID of your newest job, of this channel if there is one. "
    "One rule for all these words: a text of at most three words that begins with one of them but "
    "goes on otherwise, or has one letter of it wrong, is asked about before it is rendered. A "
    "longer one is a prompt, and so are words behind two dashes: `/video -- list of cats`."
)


_IN_A_FORM = (
    "*In a form* every option has its field: `/video` alone opens it, and so do the shortcuts "
    "*Create a video* and, in a message's menu, *Make a video from this*. *Edit and re-run* under "
    "a job opens it filled."
)

_AT_HOME = (
    "*At home:* the app's Home tab shows what is on its way, your last videos with *Again* and "
    "*Edit*, and what was spent this month."
)


def overview(
    catalog: Catalog,
    *,
    commands: Mapping[str, str],
    replies: Mapping[str, str],
    buttons: Mapping[str, str],
    bot_user: str,
) -> str:
    """Return the text of `/video help`: how to type a request, with examples, and all commands.

    `commands`, `replies` and `buttons` have descriptions by usage or label.
    """
    model = catalog.default
    parts = [
        "*How to ask:* `/video what it shows --option value`",
        _examples(model),
        _HOW_OPTIONS_WORK,
        _short_list(model),
        _in_messages(model, replies, bot_user),
        _IN_A_FORM,
        "*Buttons under a job*, which never expire\n"
        + "\n".join(f"• *{label}*: {does}" for label, does in buttons.items()),
        _AT_HOME,
        _with_images(model),
        "*Besides*\n"
        + "\n".join(f"• `/video {usage}`: {does}" for usage, does in commands.items()),
        _ONE_RULE,
        model_list(catalog),
        f"`/video help {model.slug}` tells all about a model and its options.",
    ]
    if len(catalog.models) > 1:
        parts.append(f"`--{MODEL_FLAG} {catalog.models[-1].slug}` takes another model.")
    return "\n\n".join(filter(None, parts))


def model_list(catalog: Catalog) -> str:
    """Return the text of `/video models`: a line for each model."""
    return "*Models*\n" + "\n".join(_model_line(one, catalog) for one in catalog.models)


def model_page(model: Model) -> str:
    """Return the text of `/video help SLUG`: each option with its allowed values, and examples."""
    lines = [_option_lines(model, option) for option in model.in_reading_order]
    parts = [f"*{model.title}* (`{model.slug}`)", model.description, "\n".join(lines)]
    return "\n\n".join(filter(None, [*parts, _examples(model)]))


def option_rows(model: Model) -> list[tuple[str, str, str, str, str]]:
    """Return each option's usage, short forms, allowed values, default and hint."""
    return [
        (
            _usage(option),
            ", ".join(f"`--{alias}`" for alias in option.aliases),
            _allowed(model, option),
            _default(option),
            option.hint,
        )
        for option in model.in_reading_order
    ]


def _examples(model: Model) -> str:
    return "\n".join(f"> `/video {example}`" for example in model.examples)


def _in_messages(model: Model, replies: Mapping[str, str], bot_user: str) -> str:
    example = next(iter(model.examples), "a boat on a lake")
    words = ", ".join(f"`{word}`" for word in replies)
    return (
        f"*In messages* the same words work behind a mention: <@{bot_user}> {example}\n"
        "In a direct message to me no mention is needed. In a video's thread, mention me with "
        "words to add to its prompt (`make it night`), with another prompt (`new: a hill at dawn`) "
        f"or with options to change; or with {words}. About a greeting, thanks, a question or a "
        "single word I ask first."
    )


def _with_images(model: Model) -> str:
    if not model.image_options:
        return ""
    usual, *others = model.image_options
    named = "".join(
        f"; `{option.flag} 1` makes the first of them the {option.title.lower()}"
        for option in others[:1]
    )
    return (
        "*Images* that you attach to a message, or upload in the form, become "
        f"`{usual.flag}`{named}."
    )


def _short_list(model: Model) -> str:
    usual = [
        option for option in model.in_reading_order if not option.advanced and option.name != PROMPT
    ]
    return "\n".join(f"• {_usage(option)}: {_allowed(model, option)}" for option in usual)


def _model_line(model: Model, catalog: Catalog) -> str:
    usual = " (unless another is named)" if model is catalog.default else ""
    about = f": {model.description}" if model.description else ""
    return f"• `{model.slug}` {model.title}{usual}{about}"


def _option_lines(model: Model, option: Option) -> str:
    facts = [_allowed(model, option)]
    if default := _default(option):
        facts.append(f"default {default}")
    if option.required:
        facts.append("required")
    if option.aliases:
        facts.append("short " + ", ".join(f"`--{alias}`" for alias in option.aliases))
    hint = f"\n    {option.hint}" if option.hint else ""
    return f"• {_usage(option)}: {'; '.join(facts)}{hint}"


def _usage(option: Option) -> str:
    """Return how an option is typed."""
    if option.name == PROMPT:
        return f"the words, or `{option.flag}`"
    if option.negation:
        return f"`{option.flag}` or `--{option.negation}`"
    repeated = " …" if option.kind is Kind.ARRAY and not option.choices else ""
    return f"`{option.flag}`{repeated}"


def _allowed(model: Model, option: Option) -> str:
    if option.negation:
        return "on or off"
    if option.takes_images:
        return _allowed_images(option)
    values = allowed(option.schema)
    if option.name == PROMPT and model.max_prompt is not None:
        return f"{values}, at most {model.max_prompt:,} characters"
    if option.kind is Kind.ARRAY and not option.choices:
        return f"{values}; repeat the flag for more"
    return values


def _allowed_images(option: Option) -> str:
    if option.kind is Kind.ARRAY:
        return "links, or numbers of attached files; repeat the flag for more"
    return "a link, or `1` for the first attached file"


def _default(option: Option) -> str:
    match option.default:
        case None:
            return ""
        case bool(value):
            return "on" if value else "off"
        case value:
            return f"`{shown(value)}`"
