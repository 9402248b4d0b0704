"""What must hold of money after every commit, reckoned anew and without the code under test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlite_utils import Database

from storage.budget import Cap, ScopeKind, UnknownPrice, Window
from storage.job import DecisionKind
from tests.simulation.money import Budgets
from tests.simulation.video import MindVideo
from tests.simulation.world import World

ZERO = Decimal(0)
NOTHING = (ZERO, ZERO)
_NOT_COUNTED = frozenset({"waiting", "unconfirmed", "rejected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a row says of money."""

    job_id: str
    user: str
    channel: str
    model: str
    stage: str
    day: str | None
    reserved: Decimal | None
    forecast: Decimal | None
    estimate: Decimal | None
    actual: Decimal | None
    is_beyond_caps: bool
    """Whether an approver let it go although no cap had room."""

    @property
    def spent(self) -> Decimal:
        """What was billed."""
        return ZERO if self.actual is None else self.actual

    @property
    def held(self) -> Decimal:
        """What is held: nothing once an amount is known, or if nothing was ever sent."""
        if self.actual is not None or self.stage in _NOT_COUNTED:
            return ZERO
        return max(self.reserved or ZERO, self.estimate or ZERO)

    @property
    def places(self) -> Iterable[str]:
        """The keys of the scopes in which it counts."""
        yield f"person:T1:{self.user}"
        yield f"model:T1:{self.model}"
        yield "workspace:T1:"
        if not self.channel.startswith("D"):
            yield f"channel:T1:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All rows, and all counters, as one commit left them."""

    lines: tuple[Line, ...] = ()
    counters: Mapping[tuple[str, str], tuple[Decimal, Decimal]] = field(default_factory=dict)


def read_books(db: Database) -> Books:
    """Return the books of a store."""
    rows = db.execute("SELECT * FROM jobs")
    lines = tuple(
        Line(
            job_id=row["id"],
            user=row["user"],
            channel=row["channel"],
            model=row["model"],
            stage=row["stage"],
            day=row["counted_on"],
            reserved=_amount(row["reserved"]),
            forecast=_amount(row["forecast_amount"]),
            estimate=_amount(row["cost_estimate"]),
            actual=_amount(row["cost_actual"]),
            is_beyond_caps=row["decision_kind"] == DecisionKind.APPROVED_BEYOND_CAPS,
        )
        for row in rows
    )
    counters = {
        (row["scope"], row["day"]): (Decimal(row["held"]), Decimal(row["spent"]))
        for row in db.execute("SELECT * FROM budget_use")
    }
    return Books(lines=lines, counters=counters)


class Bookkeeper:
    """Checks the promises about money of one world."""

    def __init__(self, world: World, video: MindVideo) -> None:
        self._world = world
        self._video = video
        self._budgets: Budgets | None = world.budgets
        self._books = Books()
        self._is_whole = True
        """Whether no restore has made the bot forget a charge."""

    @property
    def is_open(self) -> bool:
        """Whether this world has budgets."""
        return self._budgets is not None

    def after_commit(self, books: Books) -> None:
        """Check the books after a commit against what was known before."""
        self._check_sums(books)
        before = {line.job_id: line for line in self._books.lines}
        for line in books.lines:
            was = before.get(line.job_id)
            if was is not None:
                self._check_hold(was, line)
            if line.day is not None and (was is None or was.day is None):
                self._check_admission(line, books)
        self._books = books

    def after_restore(self, books: Books) -> None:
        """Take what a backup knows for all that there is."""
        self._books = books
        self._is_whole = False

    def before_charge(self, job_id: str) -> None:
        """Check that what MindVideo is about to charge has a hold on disk."""
        line = next((one for one in self._books.lines if one.job_id == job_id), None)
        if self.is_open and self._is_whole and (line is None or line.day is None):
            self._world.violate("nothing is sent without a hold", job_id)

    def at_rest(self) -> None:
        """Check that the counters are MindVideo's own books, where nothing is pending."""
        if not self.is_open or not self._is_whole:
            return
        lines = {line.job_id: line for line in self._books.lines}
        billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for charge in self._video.charges:
            line = lines[charge.job_id]
            cost = self._video.tasks[charge.task_id].amount(self._world.now())
            if cost is None or line.actual != cost:
                return
            for place in line.places:
                billed[place, line.day or ""] += cost
        self._world.counts["books compared with MindVideo's"] += 1
        for key, (_, spent) in self._books.counters.items():
            if spent != billed[key]:
                detail = f"{key}: spent {spent}, billed {billed[key]}"
                self._world.violate("what is spent is what was billed", detail)

    def _check_sums(self, books: Books) -> None:
        sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        for line in books.lines:
            if line.day is None:
                continue
            for place in line.places:
                held, spent = sums.get((place, line.day), NOTHING)
                sums[place, line.day] = held + line.held, spent + line.spent
        for key in sums.keys() | books.counters.keys():
            summed, counted = sums.get(key, NOTHING), books.counters.get(key, NOTHING)
            if summed != counted:
                detail = f"{key}: counted {counted}, summed {summed}"
                self._world.violate("counters are the sum of the rows", detail)

    def _check_hold(self, was: Line, line: Line) -> None:
        """Check that a hold ends by an amount or because nothing was sent, and then for good."""
        ended = was.held and not line.held
        if ended and line.actual is None and line.stage != "rejected":
            self._world.violate("a hold ends by an amount", line.job_id)
        if was.day is not None and not was.held and was.actual is not None and line.held:
            self._world.violate("a hold ends once", line.job_id)
        if was.day not in {None, line.day}:
            self._world.violate("a job counts on one day", line.job_id)

    def _check_admission(self, line: Line, books: Books) -> None:
        budgets = self._budgets
        if budgets is None:
            return
        hold = budgets.policy.unknown_price is UnknownPrice.HOLD
        unknown = budgets.policy.unknown_hold if hold else None
        if line.reserved != (unknown if line.forecast is None else line.forecast):
            self._world.violate("a job holds what it will cost", line.job_id)
        for cap in budgets.caps:
            place = _counted(cap, line, budgets.caps)
            if place is None or not cap.is_hard or line.is_beyond_caps:
                continue
            those = (
                one for one in books.lines if place in one.places and _in_period(one, line, cap)
            )
            total = sum((one.held + one.spent for one in those), ZERO)
            if total > cap.limit or not cap.limit:
                detail = f"{line.job_id}: {total} of {cap.limit} in {place} per {cap.window}"
                self._world.violate("what is admitted fits every cap", detail)


def _counted(cap: Cap, line: Line, caps: Iterable[Cap]) -> str | None:
    """Return the scope in which a cap counts a job; `None`: it does not apply to it."""
    person = f"person:T1:{line.user}"
    if cap.scope.kind is ScopeKind.EVERYONE:
        own = any(one.scope.key == person and one.window is cap.window for one in caps)
        return None if own else person
    return cap.scope.key if cap.scope.key in line.places else None


def _in_period(one: Line, line: Line, cap: Cap) -> bool:
    if one.day is None or line.day is None:
        return False
    match cap.window:
        case Window.DAY:
            return one.day == line.day
        case Window.WEEK:
            return _monday(one.day) == _monday(line.day)
        case Window.MONTH:
            return one.day[:7] == line.day[:7]
        case Window.ONCE:
            return True


def _monday(day: str) -> date:
    found = date.fromisoformat(day)
    return found - timedelta(days=found.weekday())


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
