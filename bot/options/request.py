"""The request to render, and how a typed text becomes one that the schema allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.options.alternatives import EACH_IMAGE_FLAG, TIMES_FLAG, no_images, read_times
from bot.options.attachments import Attached, attach, images_among
from bot.options.cast import (
    CAST_FLAG,
    NO_CAST,
    Cast,
    CastMember,
    find_members,
    named_in_images,
    prompts_in,
    read_flag,
    with_members,
)
from bot.options.cast_names import names_in, names_of_people
from bot.options.catalog import Catalog, Model
from bot.options.cut_values import cut_values
from bot.options.display import in_words
from bot.options.doubts import (
    Doubt,
    doubted,
    joined_flags,
    mistyped_cast,
    option_like,
    told_by_form,
    unpublished,
)
from bot.options.file_words import words_for
from bot.options.flags import Flags, Meaning
from bot.options.image_links import check_links
from bot.options.model_file import DRY_FLAG, MODEL_FLAG, PROJECT_FLAG
from bot.options.parser import Flag, Split, TypedText
from bot.options.problems import Problems
from bot.options.projects import read_project_choice
from bot.options.scene import changed_scene, replaces_scene
from bot.options.schema import PROMPT, ItemFields, Kind, Option, as_mapping
from bot.options.shots import (
    UnfinishedShotsError,
    has_prompt_of_shots,
    implied_by_shots,
    read_shots,
    shots_option,
    words_of_shots,
)
from bot.options.small_talk import is_talk
from bot.options.spoken_values import nothing_to_show, says_nothing, spoken_values
from bot.options.styles import (
    NO_STYLES,
    STYLE_FLAG,
    Style,
    Styles,
    asked_items,
    composed,
    find_style,
    read_style_choice,
)
from bot.options.times import (
    AT_FLAG,
    EVERY_FLAG,
    StartTime,
    WallTime,
    read_every,
    read_wall_time,
)
from bot.options.unread_patterns import unread_patterns
from bot.options.values import check, clean, read_value
from bot.options.wording import allowed, is_visible, quoted, shown
from storage.job import Job, Json, RepeatEvery, Stage, UsedStyle

MOST_FLAGS = 100
"""The most flags in one text. Each wrong one is compared with all names, which takes 0.1 ms: a text
of nothing else would hold up everybody for a second."""

_NOTHING: Mapping[str, Json] = MappingProxyType({})
_OWN_VALUES: Mapping[str, str] = MappingProxyType(
    {
        MODEL_FLAG: "a model's name",
        PROJECT_FLAG: "a project's name",
        STYLE_FLAG: "a style's name",
        CAST_FLAG: "the name of a cast member",
        AT_FLAG: "a time such as `18:00` or `monday 9:00`",
        EVERY_FLAG: "`day`, `weekday`, `week` or `month`",
        TIMES_FLAG: "a number such as 3",
    }
)
"""The values of the bot's own flags, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """A request to render from any surface, checked against the schema of its model."""

    model: str
    """The model's slug."""
    input: Mapping[str, Json]
    """The given values by property, in the schema's order; MindVideo applies the defaults.

    Only the default of a required property is written out.
    """
    kind: str
    """Requests of one kind take about as long: `kling-v3 mode=pro duration=10`."""
    doubts: tuple[Doubt, ...] = ()
    """What its asker is to be asked about before it is rendered."""
    left_out: tuple[str, ...] = ()
    """Titles of earlier options that a newly chosen model does not have."""
    is_dry: bool = False
    """Whether it is only to be shown, and not to be rendered."""
    project: str | None = None
    """The project whose budget it counts in; empty: none; `None`: the usual one, if any."""
    style: UsedStyle | None = None
    """The style in whose words the prompt of `input` is; `None`: it is as asked for."""
    cast: tuple[CastMember, ...] = ()
    """The members of the cast that it names, whose files are among the images of `input`."""
    at: StartTime | None = None
    """When it is to start, by the clock of its asker; `None`: at once."""
    every: RepeatEvery | None = None
    """How often it is repeated from then on; `None`: it is not."""
    times: int = 1
    """How many videos are asked for."""
    is_for_each_image: bool = False
    """Whether each attached image is to make a request of its own."""


def read_request(
    typed: TypedText,
    catalog: Catalog,
    *,
    defaults: Mapping[str, Json] = _NOTHING,
    files: Sequence[Attached] = (),
    styles: Styles = NO_STYLES,
    cast: Cast = NO_CAST,
) -> RenderRequest:
    """Return the request of a text and the files attached to it.

    `defaults` (the slug as `model` among them) are used for options that are not typed; those that
    the model does not have or not allow are ignored. A text may name one of the `styles`, whose
    options go before the defaults, and members of the `cast`, whose files are added. Raises
    `UsageError` with everything that is wrong, each with the option, the given value and the
    allowed ones.
    """
    model = chosen_model(typed, catalog, defaults)
    problems = Problems(typed.problems)
    given = given_in(typed, model, catalog, problems, files, cast=cast)
    style = named_style(given, styles, problems)
    values = {
        **fitting(model, defaults),
        **style_values(style, model, given.values, problems),
        **given.values,
    }
    values = dict(with_members(model, values, given.added, problems))
    request = check_input(model, values, problems, style=style)
    return replace(
        request,
        doubts=(*given.doubts, *request.doubts),
        is_dry=given.is_dry,
        project=given.project,
        cast=given.cast,
        at=given.at,
        every=given.every,
        times=given.times,
        is_for_each_image=given.is_for_each_image,
    )


def chosen_model(typed: TypedText, catalog: Catalog, defaults: Mapping[str, Json]) -> Model:
    """Return the model that a text names, else the usual one. Raises `UsageError`."""
    slug = typed.value_of(MODEL_FLAG)
    usual = catalog.find(str(defaults.get(MODEL_FLAG))) or catalog.default
    if slug is None:
        return usual
    try:
        return catalog.get(slug)
    except UsageError as error:
        raise UsageError(*typed.problems, *error.problems) from None


def changed_request(
    previous: Job | RenderRequest,
    typed: TypedText,
    catalog: Catalog,
    files: Sequence[Attached] = (),
    styles: Styles = NO_STYLES,
    *,
    cast: Cast = NO_CAST,
) -> RenderRequest:
    """Return an earlier request with the changes of a text: options, the prompt, or the model.

    Words are added to the earlier prompt as it was asked for, or replace it behind `new:`; attached
    files replace the images of their option, and those of the `cast` are added to them; all else
    stays, also the time of a request that is planned. The earlier style stays as it was
    then, unless the text names one of the `styles`, or none. Options that a newly chosen model does
    not have are left out, and named in the result. What was in doubt before is not asked about
    again. Raises `UsageError`, also when nothing is to change.
    """
    slug = typed.value_of(MODEL_FLAG)
    model = catalog.get(previous.model if slug is None else slug)
    earlier = asked_values(previous)
    problems = Problems(typed.problems)
    given = given_in(
        typed, model, catalog, problems, files, scene=scene_of(model, earlier), cast=cast
    )
    if slug is None and not given.changes_anything:
        problems.raise_any()
        raise UsageError(
            "Say what to change: words to add, `new:` and another prompt, or options; "
            f"`/video help {model.slug}` lists them."
        )
    kept = {name: value for name, value in earlier.items() if model.option(name)}
    left_out = tuple(
        _title(catalog.find(previous.model), name) for name in earlier if name not in kept
    )
    shots = shots_option(model)
    replaced = shots[0].name if shots and shots[0].name in given.values else None
    # Doubts about other shots are others, although their sentences may be the same. The words of a
    # style count among what was asked about.
    before = previous.input.items()
    known = unpublished(
        model, {name: value for name, value in before if name in kept and name != replaced}
    )
    if PROMPT in given.values:
        # Other words would be ignored again.
        known = tuple(doubt for doubt in known if doubt not in told_by_form(model))
    kept = dict(without_earlier_shots(model, kept, given))
    style = named_style(given, styles, problems, used=previous.style)
    said = {*given.values, *implied_by_shots(model, {**kept, **given.values})}
    values = {**kept, **style_values(style, model, said, problems), **given.values}
    values = dict(with_members(model, values, given.added, problems))
    request = check_input(model, values, problems, known=known, style=style)
    return replace(
        request,
        doubts=(*given.doubts, *_shots_for_scene(model, earlier, given), *request.doubts),
        left_out=left_out,
        is_dry=given.is_dry,
        project=previous.project if given.project is None else given.project,
        cast=given.cast,
        at=planned_start(previous) if given.at is None else given.at,
        every=given.every,
        times=given.times,
        is_for_each_image=given.is_for_each_image,
    )


def same_request(
    previous: Job, model: Model, changes: Mapping[str, Json], *, is_meant: bool
) -> RenderRequest:
    """Return an earlier request once more, in its project and style, with options as in `changes`.

    What was in doubt before is not asked about again if it `is_meant`. Raises `UsageError`.
    """
    known = unpublished(model, fitting(model, previous.input)) if is_meant else ()
    request = check_input(model, {**previous.input, **changes}, known=known)
    return replace(
        request, project=previous.project, style=previous.style, at=planned_start(previous)
    )


def _shots_for_scene(model: Model, earlier: Mapping[str, Json], given: Given) -> tuple[Doubt, ...]:
    """Return the doubt about lines as `3s: …` in place of a scene: they may be notes about it."""
    found = shots_option(model)
    if found is None or not given.has_shots or given.replaces or found[0].name in earlier:
        return ()
    return (
        doubted(
            "A line such as `3s: …` is a shot: a video of such lines has nothing of the scene "
            "before. A note about a moment of the video begins as in `0:03 …`."
        ),
    )


def planned_start(previous: Job | RenderRequest) -> StartTime | None:
    """Return when an earlier request is still to start; `None`: it started, or it does at once."""
    if isinstance(previous, RenderRequest):
        return previous.at
    return previous.starts_at if previous.stage is Stage.PLANNED else None


def scene_of(model: Model, earlier: Mapping[str, Json]) -> str:
    """Return the prompt of an earlier request, to add words to; empty: nobody wrote it."""
    prompt = earlier.get(PROMPT)
    is_written = isinstance(prompt, str) and not has_prompt_of_shots(model, earlier)
    return str(prompt) if is_written else ""


def without_earlier_shots(
    model: Model, kept: Mapping[str, Json], given: Given
) -> Mapping[str, Json]:
    """Return earlier values without those that a change of the scene makes untrue.

    Without the prompt, if there are other shots and no other words; and without the shots, if
    another prompt replaces all that was asked for.
    """
    found = shots_option(model)
    if found is None:
        return kept
    option, fields, _ = found
    gone: set[str] = set()
    if option.name in given.values:
        # Beside lines an earlier prompt would be ignored, and nobody typed it again.
        is_gone = given.has_shots and PROMPT not in given.values
        gone = {PROMPT} if is_gone or has_prompt_of_shots(model, kept) else gone
    elif given.replaces:
        gone = {option.name, *(n for n, value in fields.sets.items() if kept.get(n) == value)}
    return {name: value for name, value in kept.items() if name not in gone}


def without_scene(model: Model, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return values without what the video shows: the prompt, and shots with what they set."""
    gone, found = {PROMPT}, shots_option(model)
    if found is not None and found[0].name in values:
        sets = found[1].sets.items()
        gone |= {found[0].name, *(name for name, value in sets if values.get(name) == value)}
    return {name: value for name, value in values.items() if name not in gone}


def asked_values(request: Job | RenderRequest) -> Mapping[str, Json]:
    """Return the input of a request as it was asked for, its words without those of its style."""
    if request.style is None:
        return request.input
    words = request.style.words
    prompt = {PROMPT: request.style.prompt} if request.style.prompt else {}
    others = {name: value for name, value in request.input.items() if name != PROMPT}
    return {name: asked_items(words, value) for name, value in others.items()} | prompt


def named_style(
    given: Given, styles: Styles, problems: Problems, *, used: UsedStyle | None = None
) -> Style | None:
    """Return the style that a text names, else the one that was `used` in an earlier request.

    `None`: there is none, or it is not among the `styles`.
    """
    found = None
    if given.style is None and used is not None:
        found = Style.of_job(used)
    elif given.style:
        with problems.collected():
            found = find_style(given.style, styles)
    return found


def style_values(
    style: Style | None, model: Model, given: Collection[str], problems: Problems
) -> Mapping[str, Json]:
    """Return the values of a style's options, without those that are `given` otherwise.

    Adds to `problems` each that the model does not have or not allow: half a style is not what was
    asked for.
    """
    if style is None:
        return {}
    values: dict[str, Json] = {}
    for name, value in style.options.items():
        if name in given:
            continue
        option = model.option(name)
        with problems.collected():
            if option is None:
                raise UsageError(
                    f"The style `{style.name}` sets `--{name.replace('_', '-')}`, which "
                    f"{model.title} does not have. Leave the style out, or choose another model."
                )
            try:
                values[name] = checked_value(model, option, value, label_of(option))
            except UsageError as error:
                told = (f"The style `{style.name}`: {problem}" for problem in error.problems)
                raise UsageError(*told) from None
    return values


def check_input(
    model: Model,
    given: Mapping[str, Json],
    problems: Problems | None = None,
    *,
    known: Collection[Doubt] = (),
    style: Style | None = None,
) -> RenderRequest:
    """Return the request of values by property, if the schema allows it; `None`: not given.

    `problems` were found before; `known` is not asked about again. The prompt is composed in the
    words of the `style`, whose options are among the values already. Raises `UsageError` with
    everything that is wrong, each with the option, the given value and the allowed ones.
    """
    problems = problems or Problems()
    for name in given:
        if model.option(name) is None:
            with problems.collected():
                raise UsageError(f"{model.title} has no option {quoted(name)}.")
    values: dict[str, Json] = {}
    if given.get(PROMPT) is None and (words := words_of_shots(model, given)):
        given = {**given, PROMPT: words}
    for option in model.options:
        is_absent = given.get(option.name) is None and not option.required
        if is_absent or option.name in problems.options:
            continue
        with problems.collected():
            value = _value_or_default(model, option, given.get(option.name))
            if value is not None:
                values[option.name] = value
    if has_prompt_of_shots(model, values):
        # Nobody wrote it, so nothing of it is ignored.
        known = (*known, *told_by_form(model))
    used: UsedStyle | None = None
    if style is not None and PROMPT not in problems.options:
        with problems.collected(PROMPT):
            used = _used(style, values.get(PROMPT))
            values |= _composed(model, style, used.prompt)
            values |= _composed_shots(model, style, values)
    problems.raise_any()
    doubts = tuple(doubt for doubt in unpublished(model, values) if doubt not in known)
    return RenderRequest(
        model=model.slug, input=values, kind=_kind(model, values), doubts=doubts, style=used
    )


def _used(style: Style, prompt: Json) -> UsedStyle:
    asked = prompt if isinstance(prompt, str) else ""
    return UsedStyle(name=style.name, words=style.words, prompt=asked)


def _composed(model: Model, style: Style, prompt: str) -> Mapping[str, Json]:
    """Return the prompt in the words of a style. Raises `UsageError`, also if it is too long."""
    if not style.words:
        return {}
    if model.prompt is None:
        raise UsageError(
            f"{model.title} takes no prompt, so it cannot have the words of the style "
            f"`{style.name}`."
        )
    text = composed(style.words, prompt)
    _check_length(model, text, "The prompt and the style have")
    check(text, model.prompt.schema, "The prompt with the style")
    return {PROMPT: text}


def _composed_shots(model: Model, style: Style, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the shots of an input in the words of a style, as a prompt beside them is ignored."""
    found = shots_option(model)
    value = values.get(found[0].name) if found else None
    if found is None or not style.words or not isinstance(value, list | tuple):
        return {}
    option, _, shot = found
    shots: list[Json] = []
    for item in value:
        words = as_mapping(item).get(shot.words)
        in_style = {shot.words: composed(style.words, words)} if isinstance(words, str) else {}
        shots.append({**as_mapping(item), **in_style} if in_style else item)
    return {option.name: shots}


def _check_length(model: Model, prompt: str, what: str) -> None:
    if model.max_prompt is not None and len(prompt) > model.max_prompt:
        raise UsageError(
            f"{what} {len(prompt):,} characters; {model.title} takes at most "
            f"{model.max_prompt:,}. Shorten it by {len(prompt) - model.max_prompt:,}."
        )


def _value_or_default(model: Model, option: Option, given: Json) -> Json:
    """Return the value to submit; `None`: none. Raises `UsageError`, also if one is missing."""
    value = checked_value(model, option, given, label_of(option))
    if value is None and option.required:
        value = option.default
        if value is None:
            raise _missing(model, option)
    return value


def checked_value(model: Model, option: Option, given: Json, label: str) -> Json:
    """Return a value as it will be submitted; `None`: it counts as not given.

    Raises `UsageError` that begins with `label`, or with "The prompt".
    """
    if given is None:
        return None
    value = clean(given, label)
    if option.name == PROMPT and isinstance(value, str):
        value = value.strip()
        if not is_visible(value):
            return None
        _check_length(model, value, "The prompt has")
    if option.takes is not None:
        check_links(option, value, label)
    check(value, option.schema, label)
    return value


def fitting(model: Model, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return those of `values` that the model has and allows."""
    kept: dict[str, Json] = {}
    for option in model.options:
        if option.name not in values:
            continue
        try:
            value = checked_value(model, option, values[option.name], option.title)
        except UsageError:
            continue
        if value is not None:
            kept[option.name] = value
    return kept


def non_default_options(
    model: Model, given: Mapping[str, Json], channel_defaults: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return title and value, shortened, of each option but the prompt that is not its default.

    The value says if it is one of the `channel_defaults`.
    """
    return tuple(
        (
            option.title,
            in_words(option, given[option.name])
            + (" (this channel's default)" if option.name in channel_defaults else ""),
        )
        for option in model.in_reading_order
        if option.name != PROMPT and option.name in given and given[option.name] != option.default
    )


def all_options(model: Model, given: Mapping[str, Json]) -> tuple[tuple[str, str, bool], ...]:
    """Return title, value, and whether it was given, of each option but the prompt with a value."""
    values = ((option, given.get(option.name, option.default)) for option in model.in_reading_order)
    return tuple(
        (option.title, in_words(option, value), option.name in given)
        for option, value in values
        if option.name != PROMPT and value is not None
    )


def label_of(option: Option) -> str:
    """Return the name of an option in a message."""
    return "The prompt" if option.name == PROMPT else f"`{option.flag}`"


def _title(model: Model | None, name: str) -> str:
    option = model.option(name) if model else None
    return option.title if option else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a text and its files give."""

    values: Mapping[str, Json]
    """By property, not checked against the schema."""
    doubts: tuple[Doubt, ...] = ()
    """What may not be meant: words that look like options, or may belong to a value."""
    is_dry: bool = False
    """Whether the text says that the request is only to be shown."""
    project: str | None = None
    """The project; empty: explicitly none."""
    style: str | None = None
    """The name of the style; empty: explicitly none."""
    replaces: bool = False
    """Whether its words replace those of an earlier request."""
    has_shots: bool = False
    """Whether lines of it are shots."""
    unfinished_shots: tuple[Mapping[str, Json], ...] = ()
    """What can be used of shots that are refused."""
    added: tuple[CastMember, ...] = ()
    """The members of the cast whose files are to be among the reference images."""
    cast: tuple[CastMember, ...] = ()
    """All members that are named, also those whose files stand in `values` already."""
    at: WallTime | None = None
    """When it is to start; `None`: at once."""
    every: RepeatEvery | None = None
    """How often it is repeated; `None`: it is not."""
    is_for_later: bool = False
    """Whether it has a flag for a time or a repeat, also if that has no value that is allowed."""
    times: int = 1
    """How many videos it asks for."""
    is_for_each_image: bool = False
    """Whether each attached image is to make a request of its own."""

    @property
    def changes_anything(self) -> bool:
        """Whether it says anything beside the model; a look at the request counts."""
        chosen = self.project is not None or self.style is not None or bool(self.added)
        is_more = self.is_dry or self.times > 1 or self.at is not None
        return bool(self.values) or chosen or is_more


def given_in(
    typed: TypedText,
    model: Model,
    catalog: Catalog,
    problems: Problems,
    files: Sequence[Attached] = (),
    *,
    scene: str | None = None,
    cast: Cast | None = None,
) -> Given:
    """Return what a text and its files give.

    The words outside of flags change the earlier prompt `scene`; `None`: there is no earlier
    request. Lines such as `3s: boats leave` are shots of a model that takes some, with the values
    that follow from them. Members of the `cast` that were named in the `scene` are not looked for
    again; without a `cast` none can be named.
    Adds to `problems` each flag that the model does not have or that lacks its value, and each file
    that it cannot take. Raises `UsageError` for more than `MOST_FLAGS`.
    """
    _refuse_many_flags(typed)
    meanings = Flags(model, catalog)
    in_shots = shots_option(model)
    split = typed.split(meanings.takes, with_shots=in_shots is not None)
    with problems.collected():
        meanings.refuse_single_dash(split.words)
    found, bare = _by_meaning(split, meanings, problems)
    values: dict[str, Json] = {}
    typed_names: tuple[str, ...] = ()
    for name, pairs in found.items():
        with problems.collected(name):
            if name == CAST_FLAG and pairs[0][0].option is None:
                typed_names = _cast_names(pairs, cast)
                continue
            values[name] = _value(pairs)
    values.pop(MODEL_FLAG, None)
    of_start = {one for one in (AT_FLAG, EVERY_FLAG) if one in found and not model.option(one)}
    is_request, is_timed = cast is not None, AT_FLAG in of_start
    own = _own_choices(values, model, problems, is_request=is_request, is_timed=is_timed)
    times = None if model.option(TIMES_FLAG) else values.pop(TIMES_FLAG, None)
    with problems.collected():
        times = 1 if times is None else read_times(str(times))
    is_for_each_image = f"--{EACH_IMAGE_FLAG}" in bare
    if is_for_each_image and not images_among(files):
        with problems.collected():
            raise no_images()
    # Beside options: `--mode pro please`.
    says_no_more = says_nothing(split) or (bool(split.flags) and is_talk(split.prompt))
    prompt = "" if scene is not None and says_no_more else split.prompt
    words = changed_scene(scene or "", prompt) if scene is not None and prompt else prompt
    with problems.collected(PROMPT):
        values |= _prompt(words, model, values)
    unfinished: tuple[Mapping[str, Json], ...] = ()
    if in_shots is not None and split.shots:
        try:
            values |= _shots(split, *in_shots[:2], values)
            values = {**implied_by_shots(model, values), **values}
        except UsageError as error:
            problems.add(error, in_shots[0].name)
            unfinished = error.shots if isinstance(error, UnfinishedShotsError) else ()
        if in_shots[0].name in problems.options and not words:
            # Their words would stand for it.
            problems.options.add(PROMPT)
    given_prompt = prompt or str(values.get(PROMPT) or "")
    members = cast or NO_CAST
    free, mentioned = _mentioned(typed, prompts_in(model, given_prompt, values), members)
    added = find_members(typed_names, mentioned, members, problems)
    attached, in_images = named_in_images(
        model, attach(values, files, model, problems), free, problems
    )
    has_files = any(option.name in attached for option in model.file_options)
    spoken = spoken_values(split, meanings, is_change=scene is not None)
    shows_more = not is_request or has_files or bool(split.shots or own.style or added)
    return Given(
        values=attached,
        doubts=(
            *(
                spoken
                or (() if shows_more else nothing_to_show(split))
                or option_like(typed, split, meanings)
            ),
            *joined_flags(split, meanings),
            *map(doubted, () if spoken else cut_values(typed, split, meanings, free)),
            *map(doubted, unread_patterns(typed, split, model)),
            *mistyped_cast(mentioned, free),
        ),
        replaces=scene is not None and replaces_scene(prompt),
        has_shots=bool(split.shots),
        unfinished_shots=unfinished,
        is_dry=f"--{DRY_FLAG}" in bare,
        times=times if isinstance(times, int) else 1,
        is_for_each_image=is_for_each_image,
        project=own.project,
        style=own.style,
        added=added,
        cast=tuple(dict.fromkeys([*added, *in_images])),
        at=own.at,
        every=own.every,
        is_for_later=bool(of_start),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnChoices:
    """The values of flags of the bot's own, as of `Given`."""

    project: str | None = None
    style: str | None = None
    at: WallTime | None = None
    every: RepeatEvery | None = None


def _own_choices(
    values: dict[str, Json],
    model: Model,
    problems: Problems,
    *,
    is_request: bool,
    is_timed: bool,
) -> _OwnChoices:
    """Take the values of the bot's own flags from those by name, and return what they say.

    A model may have an option of such a name, which is then meant.
    """
    project, style, at = values.pop(PROJECT_FLAG, None), None, None
    with problems.collected(PROJECT_FLAG):
        project = None if project is None else read_project_choice(str(project))
    if model.option(STYLE_FLAG) is None and STYLE_FLAG in values:
        with problems.collected():
            style = read_style_choice(str(values.pop(STYLE_FLAG)))
    if model.option(AT_FLAG) is None and AT_FLAG in values:
        with problems.collected():
            at = _wall_time(str(values.pop(AT_FLAG)), is_request=is_request)
    every = None
    if model.option(EVERY_FLAG) is None and EVERY_FLAG in values:
        with problems.collected():
            every = read_every(str(values.pop(EVERY_FLAG)))
            _refuse_lone_repeat(every, is_timed=is_timed)
    return _OwnChoices(
        project=project if isinstance(project, str) else None, style=style, at=at, every=every
    )


def _mentioned(typed: TypedText, texts: Sequence[str], cast: Cast) -> tuple[Cast, Sequence[str]]:
    """Return the members that `@name` may mean in texts, and the names that stand there.

    Without people who are mentioned: they are nobody else. The flag means a member all the same.
    """
    people = names_of_people(typed.people)
    free = {name: member for name, member in cast.items() if name not in people}
    return free, [name for name in names_in(texts, free) if name not in people] if free else []


def _by_meaning(
    split: Split, meanings: Flags, problems: Problems
) -> tuple[Mapping[str, list[tuple[Meaning, Flag]]], Collection[str]]:
    """Return the flags of a text by what they mean, and those of the bot's own without a value."""
    found: dict[str, list[tuple[Meaning, Flag]]] = {}
    bare: set[str] = set()
    for flag in split.flags:
        with problems.collected():
            meaning = meanings.meaning_of(flag.name)
            if meaning.takes_none:
                bare.add(meaning.flag)
                _refuse_value(meaning, flag)
                continue
            name = meaning.option.name if meaning.option else meaning.flag.removeprefix("--")
            found.setdefault(name, []).append((meaning, flag))
    return found, bare


def _refuse_value(meaning: Meaning, flag: Flag) -> None:
    if flag.value is not None:
        raise UsageError(f"`{meaning.flag}` takes no value; you gave {quoted(flag.value)}.")


def _refuse_many_flags(typed: TypedText) -> None:
    count = sum(isinstance(token, Flag) for token in typed.tokens)
    if count > MOST_FLAGS:
        raise UsageError(
            f"That names {count:,} options, and at most {MOST_FLAGS} are read. If it is all one "
            "prompt, put `-- ` before it."
        )


def _prompt(prompt: str, model: Model, given: Mapping[str, Json]) -> Mapping[str, Json]:
    if not prompt:
        return {}
    if model.prompt is None:
        needed = [f"`{option.flag}`" for option in model.options if option.required]
        hint = f" Give {', '.join(needed)} instead." if needed else ""
        raise UsageError(f"{model.title} takes no prompt; you gave {quoted(prompt)}.{hint}")
    if PROMPT in given:
        raise UsageError(
            f"The prompt is given twice: by `{model.prompt.flag}` and as {quoted(prompt)}. "
            "Give it once."
        )
    return {PROMPT: prompt}


def _shots(
    split: Split, option: Option, fields: ItemFields, given: Mapping[str, Json]
) -> Mapping[str, Json]:
    if option.name in given:
        raise UsageError(
            f"The shots are given twice: by `{option.flag}` and as lines such as "
            f"`{split.shots[0].seconds}s: …`. Give them once."
        )
    return {option.name: read_shots(split.shots, option, fields)}


def _value(flags: list[tuple[Meaning, Flag]]) -> Json:
    """Return the value of an option from all the flags that mean it."""
    meaning, first = flags[0]
    option = meaning.option
    label = label_of(option) if option else f"`{meaning.flag}`"
    is_list = option is not None and option.kind is Kind.ARRAY and not option.choices
    if len(flags) > 1 and not is_list:
        given = ", ".join(
            f"`{each.flag}`" if flag.value is None else quoted(flag.value) for each, flag in flags
        )
        raise UsageError(f"{label} is given more than once ({given}). Give it once.")
    if option is not None and option.kind is Kind.BOOLEAN:
        if meaning.is_negation:
            _refuse_value(meaning, first)
        if first.value is None:
            return not meaning.is_negation
    raws = _raw_values(flags)
    return read_value(raws, option, label) if option else raws[0]


def _cast_names(flags: list[tuple[Meaning, Flag]], cast: Cast | None) -> tuple[str, ...]:
    """Return the names in the flags for the cast. Raises `UsageError`."""
    if cast is None:
        raise UsageError(f"`{flags[0][0].flag}` belongs to a request for a video. Leave it out.")
    return read_flag(_raw_values(flags))


def _refuse_lone_repeat(every: RepeatEvery, *, is_timed: bool) -> None:
    """Raise `UsageError` for a repeat without a time at which it begins."""
    if not is_timed:
        example = f"`--{AT_FLAG} 9:00 --{EVERY_FLAG} {every}`"
        raise UsageError(f"Say when it starts, too, for example {example}.")


def _wall_time(text: str, *, is_request: bool) -> WallTime:
    """Return the time in the flag for it. Raises `UsageError`."""
    if not is_request:
        raise UsageError(f"`--{AT_FLAG}` belongs to a request for a video. Leave it out.")
    return read_wall_time(text)


def _raw_values(flags: list[tuple[Meaning, Flag]]) -> list[str]:
    """Return the values of all the flags that mean one option. Raises `UsageError`."""
    meaning, _ = flags[0]
    option, name = meaning.option, meaning.flag.removeprefix("--")
    raws = [flag.value for _, flag in flags if flag.value is not None]
    if len(raws) < len(flags):
        label = label_of(option) if option else f"`{meaning.flag}`"
        what = f": {allowed(option.schema)}" if option else f", {_OWN_VALUES[name]}"
        raise UsageError(f"{label} needs a value{what}.")
    return raws


def _missing(model: Model, option: Option) -> UsageError:
    if option.name == PROMPT:
        example = next(iter(model.examples), "a boat on a lake")
        return UsageError(f"Say what to show, for example `/video {example}`.")
    missing = f"`{option.flag}` is missing: {model.title} needs it."
    if option.takes is not None:
        words = words_for(option)
        return UsageError(f"{missing} Mention me in a message with {words.one}, or give a link.")
    return UsageError(f"{missing} Give {allowed(option.schema)}.")


def _kind(model: Model, values: Mapping[str, Json]) -> str:
    effective = model.effective(values)
    parts = (
        f"{name}={shown(effective[name])}"
        for name in model.render_time_by
        if effective[name] is not None
    )
    return " ".join((model.slug, *parts))
