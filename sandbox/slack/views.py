"""The simulated workspace's forms and Home tabs, and the triggers that may open them."""

from dataclasses import dataclass, field

from sandbox.slack.entities import Payload, RefusalError
from sandbox.slack.workspace import Workspace

TRIGGER_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses"""

DEEPEST = 3
"""Most forms that Slack stacks."""


@dataclass(slots=True, kw_only=True)
class Trigger:
    """An ID issued for a person's action, with which the bot may open one form for them."""

    id: str
    user: str
    issued_at: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class View:
    """A form or a Home tab that is open for one person."""

    id: str
    user: str
    data: Payload
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`modal` or `home`."""
        return str(self.data["type"])


class Views:
    """All open views. Each person has one stack of forms and one Home tab."""

    def __init__(self, workspace: Workspace) -> None:
        self.homes: dict[str, View] = {}
        self._stacks: dict[str, list[View]] = {}
        self._triggers: dict[str, Trigger] = {}
        self._workspace = workspace

    def new_trigger(self, user: str) -> str:
        """Return the ID of a new trigger for an action of `user`."""
        trigger_id = f"{self._workspace.new_id('13')}.{self._workspace.new_id('98')}"
        now = self._workspace.now()
        self._triggers[trigger_id] = Trigger(id=trigger_id, user=user, issued_at=now)
        return trigger_id

    def open(self, trigger_id: str, data: Payload) -> View:
        """Open a form. The trigger is valid once, for 3 s. Raises `RefusalError`."""
        user = self._use(trigger_id).user
        view = self._new(user, data, previous=None)
        self._stacks[user] = [view]
        self._workspace.touch()
        return view

    def push(self, trigger_id: str, data: Payload) -> View:
        """Put a form on top of the one that is open. The trigger is valid once, for 3 s."""
        return self.stack(self._use(trigger_id).user, data)

    def stack(self, user: str, data: Payload) -> View:
        """Put a form on top without a trigger, as an acknowledgement with `push` does."""
        stack = self._stacks.get(user, [])
        if not stack:
            raise RefusalError("not_found")
        if len(stack) >= DEEPEST:
            raise RefusalError("push_limit_reached")
        view = self._new(user, data, previous=stack[-1])
        stack.append(view)
        self._workspace.touch()
        return view

    def update(self, view_id: str, data: Payload, known_hash: str | None) -> View:
        """Replace an open form; a `known_hash` that is not the present one is refused."""
        view = self.find(view_id)
        if known_hash is not None and known_hash != view.hash:
            raise RefusalError("hash_conflict")
        view.data = data
        view.hash = self._workspace.new_ts()
        view.errors = {}
        self._workspace.touch()
        return view

    def publish(self, user: str, data: Payload) -> View:
        """Replace a Home tab."""
        if user not in self._workspace.users:
            raise RefusalError("user_not_found")
        if user in self.homes:
            return self.update(self.homes[user].id, data, None)
        self.homes[user] = self._new(user, data, previous=None)
        self._workspace.touch()
        return self.homes[user]

    def find(self, view_id: str) -> View:
        """Return an open view. Raises `RefusalError`."""
        for view in self.homes.values():
            if view.id == view_id:
                return view
        for stack in self._stacks.values():
            for view in stack:
                if view.id == view_id:
                    return view
        raise RefusalError("not_found")

    def top(self, user: str) -> View | None:
        """Return the topmost open form of `user`, or `None`."""
        stack = self._stacks.get(user, [])
        return stack[-1] if stack else None

    def close(self, view: View, *, all_of_them: bool = False) -> None:
        """Close a form, or the whole stack."""
        stack = self._stacks.get(view.user, [])
        self._stacks[view.user] = [] if all_of_them else [each for each in stack if each != view]
        self._workspace.touch()

    def show_errors(self, view: View, errors: dict[str, str]) -> None:
        """Show errors at the fields of a form."""
        view.errors = errors
        self._workspace.touch()

    def _use(self, trigger_id: str) -> Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise RefusalError("invalid_trigger_id")
        if trigger.used:
            raise RefusalError("exchanged_trigger_id")
        if self._workspace.now() - trigger.issued_at > TRIGGER_SECONDS:
            raise RefusalError("expired_trigger_id")
        trigger.used = True
        return trigger

    def _new(self, user: str, data: Payload, *, previous: View | None) -> View:
        view_id = self._workspace.new_id("V")
        return View(
            id=view_id,
            user=user,
            data=data,
            hash=self._workspace.new_ts(),
            root_id=previous.root_id if previous else view_id,
            previous_id=previous.id if previous else None,
        )
