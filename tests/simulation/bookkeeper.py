"""What must hold of money, reckoned anew and without the code under test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bot.jobs.budget_view import BudgetView
from storage.budget import UnknownPrice, Window
from storage.job import Instant, Job
from storage.notification import Notification
from tests.simulation.alerts import AlertBook
from tests.simulation.books import NOT_COUNTED, ZERO, Books, Line
from tests.simulation.money import Budgets
from tests.simulation.rulebook import Decision, Place, RuleBook
from tests.simulation.video import MindVideo
from tests.simulation.workspace import PostedMessage
from tests.simulation.world import World

NOTHING = (ZERO, ZERO)
# Between the moment that a write is for and its commit, in seconds.
MOMENT = 1.0
_SETTLEABLE = frozenset({"delivered", "parked"})

Use = tuple[Decimal, Decimal]


class Bookkeeper:
    """Checks the promises about money of one world with budgets."""

    def __init__(self, world: World, video: MindVideo, budgets: Budgets) -> None:
        self._world = world
        self._video = video
        self._budgets = budgets
        self._calendar = budgets.calendar
        self.rules = RuleBook(budgets.caps, budgets.calendar)
        self._alerts = AlertBook(world, budgets, self.rules)
        self.read: Callable[[], Books] = Books
        """Reads the books of the process that runs."""
        self._books = Books()
        self._seen_at = world.now()
        self._ended: set[str] = set()
        """Jobs whose hold has ended."""
        self._named: dict[str, set[Decimal]] = defaultdict(set)
        """The amounts that operators named."""
        self._sets: dict[str, int] = {}
        """How many requests each set has, by what their keys begin with."""
        self._is_restored = False
        self._is_in_doubt = False
        """Whether a backup was restored that knows of requests, and so may lack others."""

    def ask(self, decision: Decision) -> None:
        """Note that somebody is about to ask for a change of budgets."""
        self.rules.ask(decision)

    def ask_set(self, prefix: str, size: int) -> None:
        """Note that somebody is about to ask for several videos at once, all or none."""
        self._sets[prefix] = size

    def name_amount(self, job_id: str, amount: Decimal) -> None:
        """Note that an operator is about to settle a job."""
        self._named[job_id].add(amount)

    def begin(self, read: Callable[[], Books], *, is_restored: bool) -> None:
        """Check what a new process finds: the last one may have died just after a commit.

        Of a backup, take what it knows for all that there is.
        """
        self.read = read
        if is_restored:
            self._take_backup(read())
        else:
            self._check(read(), self._seen_at - MOMENT)

    def after_commit(self, books: Books) -> None:
        """Check the books after a commit against what was known before."""
        self._check(books, self._world.now() - MOMENT)

    def _take_backup(self, books: Books) -> None:
        self._read_decisions(books)
        self._alerts.after_restore(books)
        self._books, self._is_restored = books, True
        self._is_in_doubt = bool(books.lines)
        self._ended = {line.job_id for line in books.lines if _has_ended(line)}

    def _check(self, books: Books, since: Instant) -> None:
        self._read_decisions(books)
        before = {line.job_id: line for line in self._books.lines}
        for line in books.lines:
            was = before.get(line.job_id)
            if was is not None:
                self._check_hold(was, line)
            self._check_amount(line)
            if line.day is not None and (was is None or was.day is None):
                self._check_admission(line, books, since)
        self._check_sums(books)
        self._check_sets(before, books)
        clock_errs = self._video.clock_errs
        self._alerts.after_commit(before, books, since, clock_errs=clock_errs)
        self._books, self._seen_at = books, self._world.now()

    def _read_decisions(self, books: Books) -> None:
        for wrong in self.rules.read(books.decisions):
            self._world.violate("only who is in charge changes budgets, once", wrong)

    def before_send(self, job_id: str) -> None:
        """Check that a request of which a byte is about to leave has its hold on disk."""
        line = next((one for one in self._books.lines if one.job_id == job_id), None)
        if line is None or line.day is None or line.stage in NOT_COUNTED:
            self._world.violate("nothing is sent without a hold", f"{job_id}: {line}")

    def _check_sums(self, books: Books) -> None:
        sums: dict[tuple[str, str], Use] = {}
        for line in books.lines:
            if line.day is None:
                continue
            for place in line.place.keys:
                held, spent = sums.get((place, line.day), NOTHING)
                sums[place, line.day] = held + line.held, spent + line.spent
        for key in sums.keys() | books.counters.keys():
            summed, counted = sums.get(key, NOTHING), books.counters.get(key, NOTHING)
            if summed != counted:
                detail = f"{key}: counted {counted}, summed {summed}"
                self._world.violate("counters are the sum of the rows", detail)

    def _check_hold(self, was: Line, line: Line) -> None:
        """Check that a hold ends by an amount or because nothing was sent, and then for good."""
        if was.day not in {None, line.day}:
            self._world.violate("a job counts on one day", line.job_id)
        # MindVideo may name another estimate, and a lower one, but not take it back.
        is_less = line.reserved != was.reserved or (was.estimate is not None and not line.estimate)
        is_gone = was.held and not line.held
        if was.day and (is_less or is_gone) and line.actual is None and line.stage != "rejected":
            self._world.violate("a hold ends by an amount", line.job_id)
        if line.job_id in self._ended and line.held:
            self._world.violate("a hold ends once", line.job_id)
        if _has_ended(line):
            self._ended.add(line.job_id)

    def _check_amount(self, line: Line) -> None:
        """Check that an amount is one that MindVideo or an operator named, and no guess."""
        amount, job_id = line.actual, line.job_id
        if amount is None or amount in self._named[job_id] or amount in self._video.heard[job_id]:
            return
        self._world.violate("what is spent was named", f"{job_id}: {amount}")

    def _check_sets(self, before: Mapping[str, Line], books: Books) -> None:
        """Check that of several videos asked for at once all are taken, all wait, or none is."""
        for prefix, size in self._sets.items():
            those = [line for line in books.lines if line.dedup_key.partition("#")[0] == prefix]
            stages = {line.stage for line in those if line.job_id not in before}
            if len(those) not in {0, size} or len(stages) > 1:
                self._world.violate("a set is taken whole or not at all", f"{prefix}: {those}")

    def _check_admission(self, line: Line, books: Books, since: Instant) -> None:
        """Check a job that begins to count: its day, its hold, and every cap that applies."""
        budgets, now = self._budgets, self._world.now()
        self._world.counts["admissions checked"] += 1
        days = self._calendar.day_at(since), self._calendar.day_at(now)
        is_on_time = line.date is not None and days[0] <= line.date <= days[1]
        if not is_on_time and not self._video.clock_errs:
            self._world.violate("a job counts on its day", f"{line.job_id}: {line.day}, {days}")
        hold = budgets.policy.unknown_price is UnknownPrice.HOLD
        unknown = budgets.policy.unknown_hold if hold else None
        if line.reserved != (unknown if line.forecast is None else line.forecast):
            self._world.violate("a job holds what it will cost", line.job_id)
        if self.rules.is_stopped(line.place):
            self._world.violate("what is stopped takes nothing new", line.job_id)
        for cap in self.rules.caps:
            place = self.rules.counted(cap, line.place)
            if place is None or not cap.is_hard or line.is_beyond_caps or line.date is None:
                continue
            total = sum(self._use(place, cap.window, line.date, books.lines), ZERO)
            limit = max(self.rules.limit(cap, place, at) for at in (since, now))
            if total > limit or not limit:
                detail = f"{line.job_id}: {total} of {limit} in {place} per {cap.window}"
                self._world.violate("what is admitted fits every cap", detail)

    def _use(self, place: str, window: Window, day: date, lines: Iterable[Line]) -> Use:
        """Return what is held and spent in a scope, in the window of a day."""
        first, until = self._calendar.days_of(window, day)
        those = [
            line
            for line in lines
            if place in line.place.keys and line.date is not None and first <= line.date < until
        ]
        return sum((line.held for line in those), ZERO), sum((line.spent for line in those), ZERO)

    def check_view(self, view: BudgetView, place: Place) -> None:
        """Check what a person is shown of the budgets that apply to them now."""
        # A commit whose error said that nothing was written may be seen only now.
        self._check(self.read(), self._seen_at - MOMENT)
        now = self._world.now()
        day = self._calendar.day_at(now)
        if self._video.clock_errs or self._calendar.day_at(now - MOMENT) != day:
            return
        self._world.count("budget looked at")
        shown = {
            (line.use.applied.cap.scope.key, line.use.applied.cap.window): (
                line.use.applied.limit,
                (line.use.use.held, line.use.use.spent),
                line.use.resets_at,
            )
            for line in (*view.lines, *view.others)
        }
        wanted = dict(self._shown(place, day, now))
        if shown != wanted:
            detail = f"{place}: shown {shown}, is {wanted}"
            self._world.violate("a cap shows what is held and spent", detail)
        if (view.uncounted_since is not None) is not (self._is_in_doubt and bool(self.rules.caps)):
            detail = f"{place}: {view.uncounted_since}"
            self._world.violate("a restored budget says that it may count too little", detail)
        used = view.used.held, view.used.spent
        if used != self._use(place.person, Window.MONTH, day, self._books.lines):
            self._world.violate("a cap shows what is held and spent", f"{place}: {used}")

    def _shown(
        self, place: Place, day: date, now: Instant
    ) -> Iterable[tuple[tuple[str, Window], tuple[Decimal, Use, Instant | None]]]:
        anywhere = replace(place, project=None)
        for cap in self.rules.caps:
            scope = self.rules.counted(cap, anywhere)
            if scope is None and cap.scope.kind == "project":
                scope = cap.scope.key
            if scope is not None:
                yield (
                    (cap.scope.key, cap.window),
                    (
                        self.rules.limit(cap, scope, now),
                        self._use(scope, cap.window, day, self._books.lines),
                        self._calendar.end_of(cap.window, now),
                    ),
                )

    def to_settle(self, rows: Iterable[Job]) -> Mapping[str, Decimal] | None:
        """Return what the bill says of jobs of which the bot has another amount, or none.

        `None`: an amount may still change by itself.
        """
        now = self._world.now()
        if any(task.is_open(now) for task in self._video.tasks.values()):
            return None
        bill = self._bill()
        found = {}
        for row in rows:
            is_over = row.stage in _SETTLEABLE and row.chargeable_since is not None
            billed = bill.get(row.id, ZERO)
            if is_over and row.cost_actual != billed:
                found[row.id] = billed
        return found

    def _bill(self) -> Mapping[str, Decimal]:
        return {
            charge.job_id: self._video.tasks[charge.task_id].billed
            for charge in self._video.charges
        }

    def at_rest(self, rows: Iterable[Notification], posts: Sequence[PostedMessage]) -> None:
        """Check that all counters are MindVideo's own books, once every amount is named."""
        self._alerts.at_rest(rows, posts)
        lines = {line.job_id: line for line in self._books.lines}
        billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for job_id, amount in self._bill().items():
            line = lines.get(job_id)
            if line is None or line.stage in NOT_COUNTED:
                # A backup knows nothing of it, or not that it was sent.
                if not self._is_restored:
                    self._world.violate("what is spent is what was billed", f"{job_id}: {line}")
                continue
            if line.actual is None and line.stage == "parked" and self._is_restored:
                return
            for place in line.place.keys:
                billed[place, line.day or ""] += amount
        self._world.counts["books compared with MindVideo's"] += 1
        for key in billed.keys() | self._books.counters.keys():
            held, spent = self._books.counters.get(key, NOTHING)
            if spent != billed[key]:
                detail = f"{key}: spent {spent}, held {held}, billed {billed[key]}"
                self._world.violate("what is spent is what was billed", detail)


def _has_ended(line: Line) -> bool:
    return line.day is not None and (line.actual is not None or line.stage in NOT_COUNTED)
