"""The Home tab: jobs under way, the last videos, the spend, and a button to create a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from slack_sdk.models.blocks import ButtonElement
from slack_sdk.models.views import View

from bot.jobs.budget_view import BudgetLine, BudgetView
from bot.jobs.view import JobView
from bot.messages import blocks, budget_table, buttons
from bot.messages.budget_form import CHANGE_BUDGETS
from bot.messages.buttons import CANCEL, EDIT
from bot.messages.cost_report import summed
from bot.messages.job import (
    GOES_ON,
    cost_text,
    deleted_words,
    is_given_up,
    poster_of,
    poster_words,
    title_of,
    took,
    why_on_hold,
)
from bot.messages.planned import planned_for
from bot.messages.review_text import review_parts
from bot.money.cost_report import Costs
from storage.job import Job, Json, Outcome, Stage

PROMPT_SHOWN = 200
LOAD_MORE = "home_more"
LOAD_MORE_KEPT = "home_more_kept"
SHOW_KEPT = "home_kept"
SHOW_ALL = "home_all"
"""Action IDs of the filter, by what it shows."""
MOST_BLOCKS = 100
"""The most blocks in a view: https://docs.slack.dev/reference/views/home-tab-views"""
BLOCKS_BESIDE = 15
"""Blocks that are neither of a job under way nor of a finished one, at most."""
BLOCKS_OF_CARD = 4
CREATE_VIDEO = "create_video"
"""Action ID of the button, the same as the callback ID of the shortcut that opens the same form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One job in the Home tab."""

    view: JobView
    link: str | None
    """The permalink of its message in its channel, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeContent:
    """The data that a user's Home tab shows."""

    running: Sequence[Card]
    recent: Sequence[Card]
    pages: int
    """How many pages of `recent` were asked for."""
    has_more: bool
    """Whether there are more than `recent`."""
    kept_only: bool
    """Whether `recent` has only those that somebody keeps."""
    has_filter: bool
    """Whether there is a choice: whoever keeps nothing sees none."""
    month: str
    """As the workspace's calendar has it."""
    zone: str
    """Where that month begins at midnight."""
    mine: Costs
    team: Costs
    unit: str | None
    budget: BudgetView
    all_budgets: Sequence[BudgetLine]
    """Every budget of the workspace, if the user may change them."""


def home_view(content: HomeContent) -> Mapping[str, Json]:
    """Return the view of the Home tab.

    It shows no running times, because it is published again only when something changes.
    """
    mine, team = summed(content.mine, content.unit), summed(content.team, content.unit)
    body = [
        blocks.section("*Make videos from words.* Say what to show, and the video comes to Slack."),
        blocks.actions([blocks.button("Create a video", CREATE_VIDEO, "home", style="primary")]),
        *_under_way(content.running),
        *_last(content),
        *([] if content.running or content.recent else [_first_time()]),
        blocks.header("Spent"),
        blocks.section(f"You: {mine}\nThe whole team: {team}"),
        blocks.context(f"{content.month}, in {content.zone} · `/video cost` tells more"),
        *_own_budget(content.budget),
        *_budgets(content),
    ]
    return View(type="home", blocks=[dict(block) for block in body]).to_dict()


def _own_budget(view: BudgetView) -> list[blocks.Block]:
    """Return the part about a user's own budget, with what is in doubt of all that is shown."""
    own = budget_table.own_section(view)
    doubt = budget_table.doubt_blocks(view) if own or view.may_edit else []
    return [*doubt, *own]


def _budgets(content: HomeContent) -> list[blocks.Block]:
    """Return the part for those who may change budgets."""
    if not content.budget.may_edit:
        return []
    change = blocks.button("Change budgets", CHANGE_BUDGETS, "home")
    return [
        blocks.header("Budgets of the workspace"),
        budget_table.all_section(content.all_budgets, content.unit),
        blocks.actions([change]),
    ]


def closed_view(reason: str) -> Mapping[str, Json]:
    """Return the Home tab of a user who may not use the bot; `reason` is plain text."""
    body = [blocks.section(blocks.escape(reason))]
    return View(type="home", blocks=[dict(block) for block in body]).to_dict()


def _under_way(cards: Sequence[Card]) -> list[blocks.Block]:
    if not cards:
        return []
    body = [blocks.header("On their way")]
    for card in cards:
        body += _head(card, _state(card.view.job))
        if buttons.can_be_cancelled(card.view.job):
            body.append(blocks.actions([_button("Cancel", CANCEL, card)]))
    return body


def _last(content: HomeContent) -> list[blocks.Block]:
    """Return as many cards as a view holds, and a button for more if there is room for more."""
    if not content.recent and not content.kept_only:
        return []
    title = "Your videos that are kept" if content.kept_only else "Your last videos"
    body = [blocks.header(title), *_filter(content)]
    if not content.recent:
        body.append(blocks.section("None is kept any more."))
    room = (MOST_BLOCKS - BLOCKS_BESIDE - len(_under_way(content.running))) // BLOCKS_OF_CARD
    shown = content.recent[:room]
    for number, card in enumerate(shown):
        body += [
            *([blocks.divider()] if number else []),
            *_head(card, _ending(card)),
            blocks.actions(
                [_again(card), _button("Edit", EDIT, card), *buttons.more(card.view.job)]
            ),
        ]
    if len(shown) < len(content.recent) or (content.has_more and len(shown) == room):
        body.append(blocks.context("`/video list` shows the newest as a list."))
    elif content.has_more:
        action_id = LOAD_MORE_KEPT if content.kept_only else LOAD_MORE
        more = blocks.button("Load more", action_id, str(content.pages + 1))
        body.append(blocks.actions([more]))
    return body


def _filter(content: HomeContent) -> list[blocks.Block]:
    if not content.has_filter:
        return []
    choice = (
        blocks.button("Show all", SHOW_ALL, "home")
        if content.kept_only
        else blocks.button("Show only kept ones", SHOW_KEPT, "home")
    )
    return [blocks.actions([choice])]


def _first_time() -> blocks.Block:
    return blocks.section(
        "Nothing here yet. Press *Create a video*, type `/video a lake at dawn` in a channel, or "
        "write to me in *Messages*."
    )


def _head(card: Card, state: str) -> list[blocks.Block]:
    """Return the title and the small print, with the poster beside both if there is one."""
    words = title_of(card.view) or card.view.model_title
    title = blocks.shorten(words, PROMPT_SHOWN)
    small = f"{state} · {_small(card)}"
    poster = poster_of(card.view.job)
    if poster is None:
        line = [blocks.link_part(card.link, title, bold=True)]
        return [blocks.rich_lines([line]), blocks.context(small)]
    told = f"*{blocks.titled_link(card.link, title)}*\n{small}"
    return [blocks.section_with_picture(told, poster, poster_words(card.view))]


def _small(card: Card) -> str:
    options = [f"{title}: {value}" for title, value in card.view.options]
    model = blocks.literal(" · ".join([card.view.model_title, *options]))
    return f"{model} · asked {blocks.moment(card.view.job.created_at)} · `{card.view.job.id}`"


def _state(job: Job) -> str:  # noqa: PLR0911 - one case for each stage, and nothing else
    match job.stage:
        case Stage.WAITING:
            return ":grey_question: Waiting for an answer"
        case Stage.PLANNED:
            starts_at = planned_for(job.starts_at or job.created_at)
            return f":alarm_clock: Planned for {starts_at}"
        case Stage.ACCEPTED | Stage.ANNOUNCED:
            return ":hourglass_flowing_sand: Queued"
        case Stage.RENDERING:
            if job.started_at is None:
                return ":hourglass_flowing_sand: Queued at MindVideo"
            late = ", taking longer than usual" if job.late_notified_at is not None else ""
            return f":movie_camera: Rendering since {blocks.moment(job.started_at)}{late}"
        case Stage.FINISHED:
            return ":package: Finished, on its way to you"
        case Stage.PARKED:
            return f":construction: On hold: {blocks.literal(why_on_hold(job), keeps_code=True)}"
        case Stage.DELIVERED | Stage.REJECTED | Stage.UNCONFIRMED:
            return ":checkered_flag: Over"
        case _:
            assert_never(job.stage)


def _ending(card: Card) -> str:
    job = card.view.job
    charge = cost_text(card.view)
    if job.deleted_at is not None:
        return f":wastebasket: Deleted {deleted_words(job)} · {charge}"
    match job.outcome:
        case Outcome.SUCCEEDED:
            done = f":white_check_mark: Done in {took(job)}"
            return " · ".join([done, charge, *review_parts(job)])
        case Outcome.CANCELLED if is_given_up(job):
            return f":no_entry_sign: Given up, {GOES_ON} · {charge}"
        case Outcome.CANCELLED:
            return f":no_entry_sign: Cancelled · {charge}"
        case Outcome.FAILED | None:
            problem = blocks.shorten(job.problem or "no reason given", PROMPT_SHOWN)
            return f":x: Failed: {blocks.literal(problem, keeps_code=True)} · {charge}"
        case _:
            assert_never(job.outcome)


def _button(label: str, action_id: str, card: Card) -> ButtonElement:
    return blocks.button(label, action_id, card.view.job.id, spoken=_spoken(label, card))


def _again(card: Card) -> ButtonElement:
    spoken = _spoken("Again", card)
    return buttons.again(card.view.job, "Again", card.view.prices, spoken=spoken)


def _spoken(label: str, card: Card) -> str:
    return f"{label}: {title_of(card.view) or card.view.model_title}"
