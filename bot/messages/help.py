"""The manual, built from the model files and from the tables of commands and buttons.

The overview fits on a screen: three examples, the commands used most, and a button for each page.

All texts are mrkdwn in which nothing is escaped, the texts of the model files included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from slack_sdk.models.blocks import PlainTextObject
from slack_sdk.models.views import View

from bot.base.ports import Message
from bot.messages import blocks
from bot.messages.formatting import capitalized
from bot.options.alternatives import MOST_PARTS
from bot.options.catalog import Catalog, Model
from bot.options.file_words import WORDS
from bot.options.model_file import MODEL_FLAG
from bot.options.schema import PROMPT, FileKind, Kind, Option
from bot.options.shots import shots_option
from bot.options.wording import allowed, shown
from storage.job import Json

_HOW_OPTIONS_WORK = (
    "*Options* may stand before, between or behind the words: `--option value` or "
    "`--option=value`, in full or as much as is unambiguous. `--option` switches a thing on and "
    "`--no-option` off. `--project NAME` says whose budget a video counts in, and `--style NAME` "
    "puts your words into a saved style. `@NAME` in the words, or `--cast NAME`, adds a saved "
    "picture. `--at 18:00`, `--at tomorrow 9:00` or `--at monday 9:00` renders it then, by the "
    "clocks where you are, and `--every day`, `weekday`, `week` or `month` behind it repeats that. "
    "Values with spaces go in quotes. Words behind a lone `--` all belong to "
    "the prompt. `--dry` only shows the prompt, the request to MindVideo and its price."
)


_SHOTS = (
    "*Shots:* a line that begins with seconds is a shot, such as `3s: boats leave at dawn`, and on "
    "the next line `4s: boats return`; the video is as long as they are together. In a thread they "
    "take the place of the earlier shots, and in the form *Divide into shots* shows a field for "
    "each."
)


_ONE_RULE = (
    "`last` stands for the ID of your newest job, of this channel if there is one. "
    "One rule for all these words: a text of at most three words that begins with one of them but "
    "goes on otherwise, has one letter of it wrong, or means one of them (`stop last`), is asked "
    "about before it is rendered. A longer one is a prompt, unless one correction makes it a "
    "command (`set budget here 5 per day`), and so are words behind two dashes: "
    "`/video -- list of cats`."
)


_IN_A_FORM = (
    "*In a form* every option has its field: `/video` alone opens it, and so do the shortcuts "
    "*Create a video* and, in a message's menu, *Make a video from this*. *Edit and re-run* under "
    "a job opens it filled. *When* and *Repeat*, among all options, start it later."
)

_SETS = (
    "*Several videos at once:* `--times 3` makes three of the same. "
    "`{red|blue} car at {dawn|night}` makes one of each: four. So do values of options, such as "
    "`--mode {std|pro}`. In a message with images, `--each-image` makes one of each. All of this "
    f"goes together, also in a thread and in the form, for up to {MOST_PARTS} videos; the form has "
    "*How many* and *One for each image* among all options.\n\n"
    "*One message* stands for all: what each of them is, its state and its cost, and *Cancel all*. "
    "The videos come into its thread, where `2: at night` changes the second one and `again 2` "
    "renders it again. When all are over, it shows their pictures side by side, "
    "with a menu to keep one and a menu to render one again. Where I ask about a price, I ask "
    "once, about all of them together. With `--dry` I only show them.\n\n"
    "*Braces* without a `|` are words, and so are all behind a lone `--`; `\\{` is a brace. "
    "`{old |}car` makes one with the word and one without it. Alternatives that come to the same "
    "count once."
)

_AT_HOME = (
    "*At home:* the app's Home tab shows what is on its way, your last videos with *Again* and "
    "*Edit*, what was spent this month, and your budget. Whoever may change budgets does it there, "
    "too."
)


HELP = "help"
"""Prefix of the action IDs of the overview's buttons; the page's name follows after a colon."""
EXAMPLES_SHOWN = 3
MOST_USED = ("list", "status", "again", "cancel", "cost")
"""The commands in the overview, by their first word."""
_AMOUNTS = "Amounts are as billed by MindVideo, which names no currency."


class HelpPage(StrEnum):
    """A page of the manual; its name is typed behind `/video help`."""

    OPTIONS = "options"
    COMMANDS = "commands"
    MESSAGES = "messages"
    BUTTONS = "buttons"
    SETS = "sets"
    ABOUT_MODELS = "about-models"


TITLES: Mapping[HelpPage, str] = MappingProxyType(
    {
        HelpPage.OPTIONS: "Options",
        HelpPage.COMMANDS: "All commands",
        HelpPage.MESSAGES: "In messages",
        HelpPage.BUTTONS: "Form and buttons",
        HelpPage.SETS: "Several at once",
        HelpPage.ABOUT_MODELS: "Models",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpTables:
    """What the manual describes beside the models: descriptions by usage, word or label."""

    commands: Mapping[str, str]
    replies: Mapping[str, str]
    buttons: Mapping[str, str]
    bot_user: str


def overview(catalog: Catalog, tables: HelpTables) -> Message:
    """Return the answer to `/video help`: how to ask, what is used most, buttons to the rest."""
    usual = [
        f"• `/video {usage}`: {does}"
        for usage, does in tables.commands.items()
        if usage.split()[0] in MOST_USED
    ]
    text = "\n\n".join(
        [
            "*How to ask:* `/video what it shows --option value`",
            _examples(catalog.default, EXAMPLES_SHOWN),
            "`/video` alone opens a form.",
            "*Used most*\n" + "\n".join(usual),
        ]
    )
    row = [
        blocks.button(title, f"{HELP}:{page}", page, spoken=f"Help: {title}")
        for page, title in TITLES.items()
    ]
    return Message(text=text, blocks=[*blocks.sections(text), blocks.actions(row)])


def help_page(page: HelpPage, catalog: Catalog, tables: HelpTables) -> str:
    """Return the text of one page of the manual."""
    match page:
        case HelpPage.OPTIONS:
            parts = _about_options(catalog)
        case HelpPage.COMMANDS:
            parts = [_commands(tables), _ONE_RULE, _AMOUNTS]
        case HelpPage.MESSAGES:
            model = catalog.default
            parts = [_in_messages(model, tables), *(_with_files(model, kind) for kind in FileKind)]
        case HelpPage.BUTTONS:
            parts = [_IN_A_FORM, _buttons(tables), _AT_HOME]
        case HelpPage.SETS:
            parts = [_SETS]
        case HelpPage.ABOUT_MODELS:
            parts = [model_list(catalog), _other_model(catalog)]
        case _:
            assert_never(page)
    return "\n\n".join(filter(None, parts))


def help_view(page: HelpPage, catalog: Catalog, tables: HelpTables) -> Mapping[str, Json]:
    """Return a modal with one page of the manual."""
    body = blocks.sections(help_page(page, catalog, tables))
    return View(
        type="modal",
        title=PlainTextObject(text=f"Help: {TITLES[page]}"),
        close=PlainTextObject(text="Close"),
        # In a modal there is room; Slack would fold long paragraphs else.
        blocks=[{**block, "expand": True} for block in body],
    ).to_dict()


def _about_options(catalog: Catalog) -> list[str]:
    model = catalog.default
    all_of_it = f"`/video help {model.slug}` tells all about a model and its options."
    shots = _SHOTS if shots_option(model) else ""
    return [_HOW_OPTIONS_WORK, shots, _short_list(model), _examples(model), all_of_it]


def _commands(tables: HelpTables) -> str:
    return "\n".join(f"• `/video {usage}`: {does}" for usage, does in tables.commands.items())


def _buttons(tables: HelpTables) -> str:
    lines = [f"• *{label}*: {does}" for label, does in tables.buttons.items()]
    return "\n".join(["*Buttons under a job*, which never expire", *lines])


def _other_model(catalog: Catalog) -> str:
    if len(catalog.models) == 1:
        return ""
    return f"`--{MODEL_FLAG} {catalog.models[-1].slug}` takes another model."


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


def _examples(model: Model, most: int | None = None) -> str:
    return "\n".join(f"> `/video {example}`" for example in model.examples[:most])


def _in_messages(model: Model, tables: HelpTables) -> str:
    example = next(iter(model.examples), "a boat on a lake")
    words = "\n".join(f"• `{word}`: {does}" for word, does in tables.replies.items())
    return (
        f"*In messages* the same words work behind a mention: <@{tables.bot_user}> {example}\n"
        "In a direct message to me no mention is needed. About a greeting, thanks, a question or a "
        "single word I ask first.\n\n"
        "*In a video's thread*, mention me with words to add to its prompt (`make it night`), with "
        "another prompt (`new: a hill at dawn`) or with options to change. Lines that begin with a "
        "time (`0:03 the logo is too small`) are notes about its newest video, free of charge. Or "
        f"with one of these words:\n{words}"
    )


def _with_files(model: Model, kind: FileKind) -> str:
    options = model.options_for(kind)
    if not options:
        return ""
    usual, *others = options
    named = "".join(
        f"; `{option.flag} 1` makes the first of them the {option.title.lower()}"
        for option in others[:1]
    )
    return (
        f"*{capitalized(WORDS[kind].plural)}* that you attach to a message, or upload in the form, "
        f"become `{usual.flag}`{named}."
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
    if option.negations:
        return f"`{option.flag}` or `--{option.negations[0]}`"
    repeated = " …" if option.kind is Kind.ARRAY and not option.choices else ""
    return f"`{option.flag}`{repeated}"


def _allowed(model: Model, option: Option) -> str:
    if option.negations:
        return "on or off"
    if option.takes is not None:
        return _allowed_files(option)
    values = allowed(option.schema)
    if option.name == PROMPT and model.max_prompt is not None:
        return f"{values}, at most {model.max_prompt:,} characters"
    if option.kind is Kind.ARRAY and not option.choices:
        return f"{values}; repeat the flag for more"
    return values


def _allowed_files(option: Option) -> str:
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
