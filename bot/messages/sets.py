"""The message of a set, which lists its parts, and the answers about sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from slack_sdk.models.blocks import RichTextElement

from bot.base.ports import Message
from bot.jobs.dry_run import SetDryRun
from bot.jobs.sets import SetView
from bot.jobs.verdict import Verdict
from bot.jobs.view import JobView
from bot.messages import blocks, buttons, dry_run, formatting, prices
from bot.messages.blocks import Block
from bot.messages.job import GOES_ON, PROMPT_SHOWN, price_held
from bot.messages.listing import emoji_of, state_of
from bot.messages.replies import words
from bot.options.mentions import in_names
from bot.options.shots import text_of
from storage.budget import NO_USE, exposure
from storage.job import OVER, TERMINAL, Job, Outcome

_DRY_SHOWN = 600


def set_message(view: SetView) -> Message:
    """Return the message of a set as its parts are now."""
    first = view.parts[0].job
    many = videos(len(view.parts))
    summary = _summary(view)
    body = [blocks.section(f":clapper: <@{first.user}> asked for {many}")]
    names = {user: name for part in view.parts for user, name in part.job.names.items()}
    asked = in_names(view.words, names)
    if asked:
        body.append(blocks.quote(blocks.shorten(asked, PROMPT_SHOWN)))
    body.append(blocks.rich_lines([_line(*row) for row in _rows(view)]))
    body.append(blocks.section(summary))
    # The sheet has a picture of each part, of those too that were deleted since.
    if view.sheet is not None and all(part.job.deleted_at is None for part in view.parts):
        body.append(blocks.picture(view.sheet, sheet_title(len(view.parts))))
    body.append(blocks.context(f"Set `{view.id}` · each video is in the thread"))
    body += _buttons(view)
    typed = blocks.literal(blocks.shorten(asked, PROMPT_SHOWN))
    told = ": ".join(filter(None, [many, typed, summary.replace("*", "")]))
    return Message(text=told, blocks=body)


def videos(count: int) -> str:
    """Return the words for so many videos."""
    return formatting.count(count, "video")


def sheet_title(count: int) -> str:
    """Return the title of a contact sheet, which screen readers read, too."""
    return f"A picture of each video, by its number: {videos(count)}"


def label_of(view: SetView, place: int) -> str:
    """Return the number of a part, and what tells it from the others; `place` counts from 0.

    The number is the part's own: one that cannot be read is not among the parts of the view.
    """
    label = view.labels[place] if place < len(view.labels) else ""
    number = view.parts[place].job.part or place + 1
    return " · ".join(filter(None, [str(number), label]))


def _rows(view: SetView) -> Iterator[tuple[JobView, str]]:
    """Yield each part with its label."""
    for place, part in enumerate(view.parts):
        yield part, label_of(view, place)


def _line(part: JobView, label: str) -> list[RichTextElement]:
    kept = [blocks.text_part(" · kept "), blocks.emoji_part("bookmark")] if part.job.kept_by else []
    held = f", {price_held(part)}" if exposure(part.job).held and part.job.stage not in OVER else ""
    return [
        blocks.emoji_part(emoji_of(part.job)),
        blocks.text_part(" "),
        blocks.text_part(label, bold=True),
        blocks.text_part(f" · {state_of(part)}{held}"),
        *kept,
    ]


def _summary(view: SetView) -> str:
    """Return how many parts are done, and what they cost together."""
    jobs = [part.job for part in view.parts]
    over = [job for job in jobs if job.stage in TERMINAL]
    done = sum(job.outcome is Outcome.SUCCEEDED for job in over)
    many = len(jobs)
    if len(over) < many:
        told = f"*{len(over)} of {many} over*" if done < len(over) else f"*{done} of {many} done*"
    elif done == many:
        told = f"*All {many} done*"
    else:
        told = f"*{done} of {many} done*, the others ended without a video"
    return f"{told} · {_cost(jobs, view.unit)}"


def _cost(jobs: Sequence[Job], unit: str | None) -> str:
    """Return what the parts cost together, as far as MindVideo has named it."""
    used = sum(map(exposure, jobs), NO_USE)
    parts = []
    if used.spent:
        parts.append(f"cost {formatting.money(used.spent, unit)}")
    if used.held:
        parts.append(f"{prices.about(used.held, unit)} held")
    return ", ".join(parts) or "nothing was charged so far"


def _buttons(view: SetView) -> list[Block]:
    """Return the button that cancels while it can, and the menus once all is over."""
    jobs = [part.job for part in view.parts]
    if any(buttons.can_be_cancelled(job) for job in jobs):
        return [blocks.actions([buttons.cancel_set(jobs[0])])]
    if any(job.stage not in TERMINAL for job in jobs):
        return []
    labelled = [(part.job, label) for part, label in _rows(view)]
    keep = [one for one in labelled if one[0].has_result and one[0].kept_by is None]
    again = [one for one in labelled if one[0].erased_at is None]
    menus = [
        buttons.parts_menu(action_id, choice, parts)
        for action_id, choice, parts in (
            (buttons.SET_KEEP, buttons.Choice.KEEP, keep),
            (buttons.SET_AGAIN, buttons.Choice.AGAIN, again),
        )
        if parts
    ]
    return [blocks.actions(menus)] if menus else []


_CANCELLED: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.FREE: "{many} cancelled; nothing was sent to MindVideo, so nothing is charged",
        Verdict.BILLED: "{many} at MindVideo already, which goes on and bills",
        Verdict.GIVEN_UP: f"{{many}} given up; {GOES_ON}",
        Verdict.ON_HOLD: "{many} on hold",
        Verdict.OVER: "{many} over already",
    }
)


def cancelled(view: SetView, parts: Mapping[Verdict, Sequence[Job]]) -> Message:
    """Return the answer to a request to cancel a set: what became of how many parts."""
    told = [
        sentence.format(many=_of(len(parts[verdict]), len(view.parts)))
        for verdict, sentence in _CANCELLED.items()
        if parts.get(verdict)
    ]
    if len(told) == 1:
        return words(f"{told[0]}.")
    return words("\n".join(f"• {sentence}." for sentence in told))


def which_part(part: Job) -> Message:
    """Return the answer to what would be about one part of a set that is not named."""
    return words(
        "This is about a set of videos, and I do not know which of them you mean, so I did "
        "nothing. Say its number: `2: at night` or `again 2 --mode pro`. The buttons under a video "
        f"are about that one; `status` and `cancel` are about all of set `{part.set_id}`."
    )


def no_such_part(number: int, count: int) -> str:
    """Return the sentence about a number that no part of a set has."""
    return f"There is no {number} in this set of {videos(count)}: say a number from 1 to {count}."


def unknown_set(typed: str) -> str:
    """Return the sentence about an ID that is that of no set which the user may see."""
    return f"I know no set {typed}."


def _of(count: int, many: int) -> str:
    verb = "is" if count == 1 else "are"
    return f"All {many} are" if count == many else f"{count} of {many} {verb}"


def dry_message(shown: SetDryRun) -> Message:
    """Return the answer to a set that is only to be shown."""
    many = videos(len(shown.parts))
    head = f":mag: This is what I would send to MindVideo: {many}. Nothing was started or charged."
    price = prices.together(len(shown.parts), shown.forecast, shown.unit)
    follows = dry_run.follows(shown.decided, shown.unit)
    body = [blocks.section(head)]
    said: str | None = None
    for place, part in enumerate(shown.parts):
        label = shown.labels[place] if place < len(shown.labels) else ""
        amount = part.forecast.amount
        price_of_it = "price not known yet" if amount is None else prices.about(amount, shown.unit)
        line = [f"*{place + 1}*", blocks.literal(label), price_of_it]
        body.append(blocks.section(" · ".join(filter(None, line))))
        whole = "\n".join(filter(None, [part.prompt, text_of(part.shots)]))
        if whole and whole != said:
            body.append(blocks.quote(blocks.shorten(whole, _DRY_SHOWN)))
        said = whole
    body.append(blocks.section(f"*Price* · {price}"))
    if follows:
        body.append(blocks.section(f"*Budgets* · {follows}"))
    asked = dry_run.question(shown.doubts)
    if asked:
        body.append(blocks.section(asked))
    return Message(text=" ".join(filter(None, [head, price, follows, asked])), blocks=body)
