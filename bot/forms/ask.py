"""From a form with its files to an ask, and from one drawing of a form to the next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.errors import UsageError
from bot.forms.answers import FormError, State, files_in, read_draft, read_form
from bot.forms.drawing import field_block
from bot.options.ask import Ask, accept, check_input
from bot.options.attachments import Attached, granted, join
from bot.options.catalog import Model
from bot.options.schema import Kind, Option
from storage.job import Json


def read_ask(
    model: Model, state: State, carried: Mapping[str, Json], files: Collection[str]
) -> Ask:
    """Return what a submitted form asks for.

    `files` are the IDs that it may name beside those uploaded in it. Raises `FormError`.
    """
    form = read_form(model, state, carried)
    values = dict(form.values)
    errors: dict[str, str] = {}
    for option in model.options:
        try:
            value = _joined(option, values.get(option.name), form.files.get(option.name, ()), files)
            if value is not None:
                values[option.name] = accept(model, option, value, option.title)
        except UsageError as error:
            errors[field_block(option)] = str(error).replace("`", "")
    if errors:
        raise FormError(errors)
    return check_input(model, values)


def read_unfinished(
    model: Model, state: State, carried: Mapping[str, Json]
) -> tuple[Mapping[str, Json], Collection[str]]:
    """Return the values with which to redraw a form for `model`, and the files uploaded so far."""
    values = dict(read_draft(model, state, carried))
    uploaded: list[str] = []
    for option in model.image_options:
        files = [file for file in files_in(state, option) if file.problem is None]
        uploaded += [file.id for file in files]
        value = with_images(option, values.get(option.name), files)
        if value is not None:
            values[option.name] = value
    return values, uploaded


def with_images(option: Option, value: Json, files: Sequence[Attached]) -> Json:
    """Return a value with as many of the files as the option takes; `None`: nothing."""
    most = option.schema.get("maxItems") if option.kind is Kind.ARRAY else 1
    held = len(value) if isinstance(value, list | tuple) else int(value is not None)
    room = max(0, int(most) - held) if isinstance(most, int | float) else len(files)
    return join(option, value, files[:room])


def _joined(option: Option, value: Json, files: Sequence[Attached], known: Collection[str]) -> Json:
    for file in files:
        if file.problem is not None:
            raise UsageError(file.problem)
    if not granted(value, frozenset(known)):
        raise UsageError("This names a file that is not this form's. Upload the image itself.")
    return join(option, value, files) if option.takes_images else value
