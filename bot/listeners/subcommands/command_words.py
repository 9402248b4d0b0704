"""The words by which near commands are found, as data: other names, verbs, questions, fillers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from bot.slack.manifest import COMMAND

OTHER_WORDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("stop", "abort", "undo"), "cancel")
    | dict.fromkeys(("remove", "erase"), "delete")
    | dict.fromkeys(("details", "info", "show", "last"), "status")
    | dict.fromkeys(("retry", "redo", "rerun"), "again")
    | {"jobs": "list"}
)
"""Words that probably mean a subcommand, if they stand alone or before what that one takes."""

ALONE: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("queue", "history", "recent", "latest", "progress", "refresh"), "list")
    | dict.fromkeys(("schedule", "schedules", "scheduled", "upcoming", "pending"), "list")
    | dict.fromkeys(("search", "gallery", "library"), "find")
    | dict.fromkeys(("billing", "invoice", "usage", "report", "reports", "expenses"), "cost")
    | dict.fromkeys(("balance", "account", "topup", "top-up"), "credit")
    | dict.fromkeys(("limit", "limits", "cap", "caps", "approval", "approvals"), "budget")
    | dict.fromkeys(("config", "configure", "configuration", "preferences", "prefs"), "settings")
    | dict.fromkeys(("setup", "default", "defaults"), "settings")
    | dict.fromkeys(("notification", "notifications", "alerts", "digest"), "notify")
    | dict.fromkeys(("template", "templates", "preset", "presets"), "styles")
    | dict.fromkeys(("pause", "halt", "terminate", "quit", "exit"), "cancel")
    | dict.fromkeys(("menu", "manual", "docs", "faq", "guide", "tutorial", "about"), "help")
    | dict.fromkeys(("support", "example", "examples", "instructions", "language"), "help")
    | dict.fromkeys(("login", "logout", "whoami", "ping", "bug", "error", "failed"), "help")
    | dict.fromkeys(("users", "admin", "reset", "restart", "start", "all"), "help")
    | dict.fromkeys(("command", "commands"), "help commands")
    | dict.fromkeys(("option", "options", "parameters", "flags"), "help options")
    | dict.fromkeys(("price", "prices", "pricing", "quote", "estimate"), "help options")
    | dict.fromkeys(("dry", "dry-run", "shot", "shots", "storyboard"), "help options")
    | dict.fromkeys(("set", "sets", "takes", "variant", "variants", "compare"), "help sets")
    | dict.fromkeys(("share", "publish", "download", "save", "rate", "resume"), "help buttons")
    | dict.fromkeys(("approve", "approved", "send", "edit", "change", "upload"), "help messages")
)
"""Words that as the whole text show nothing, and the subcommand, or the page of the help, that is
probably looked for."""

OTHER_ACTIONS: Mapping[str, Collection[str]] = MappingProxyType(
    {"add": ("set", "raise", "save"), "create": ("save", "set")}
    | {"remove": ("unset", "delete", "take")}
    | dict.fromkeys(("new", "make", "change", "update", "limit", "cap", "max"), ("set",))
    | dict.fromkeys(("lower", "reduce", "decrease"), ("set",))
    | dict.fromkeys(("increase", "extend"), ("raise",))
    | dict.fromkeys(("clear", "drop"), ("unset",))
    | dict.fromkeys(("subtract", "deduct"), ("take",))
    | {"deposit": ("add",), "pause": ("stop",)}
)
"""Words that probably mean another one of a subcommand: `create` in `style create noir …`."""

PLAIN_WORDS = frozenset(
    word
    for line in (
        "cast coast coat colt costa cosy cot cots host lost most post",
        "fist gist last lift lint lisa lisp liszt lit lust mist wist",
        "bind fend fiend fin fined finds fine fins fond fund hind kind mind rind wind",
        "gain heap held hell helm hemp kelp whelp yelp",
        "cancer chancel modes motels reseed resent statue statues stratus",
        "stile stole styled stylus",
        "look hoop loon loom loot lop loops coop poop switch",
        "finn sind credits budge continued",
        "bast cant cart case cash cask caste casts cat cats east fast hast mast past vast",
    )
    for word in line.split()
)
"""English words that are one letter away from a subcommand, and begin prompts."""

NO_SCENES = frozenset(
    word
    for line in (
        "cots host lost most post gist last lit lust fend fined finds fine hind kind gain held",
        "hell modes reseed resent styled look sind budge continued cant fast past vast",
    )
    for word in line.split()
)
"""Those of them that show nothing: as the whole text they are mistyped."""

OTHER_PHRASES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("once more", "one more time", "another", "another take"), "again")
    | dict.fromkeys(("run again", "do again", "same again", "generate again", "repeat"), "again")
    | dict.fromkeys(("start over", "new", "more", "different", "new version"), "again")
    | dict.fromkeys(("another version", "different version", "a different version"), "again")
    | dict.fromkeys(("two more", "2 more"), "again --times 2")
    | dict.fromkeys(("three more", "3 more"), "again --times 3")
    | dict.fromkeys(("nevermind", "never mind", "nvm", "forget", "wait", "hold on"), "cancel")
    | dict.fromkeys(("don't", "dont", "do not"), "cancel")
    | dict.fromkeys(("share", "publish", "forward"), f"{COMMAND} help buttons")
    | dict.fromkeys(("new take", "re-render", "rerender", "regenerate", "take 2"), "again")
    | dict.fromkeys(("send again", "upload again", "post again"), "resend")
    | dict.fromkeys(("make loop", "make a loop", "make a seamless loop"), "loop")
)
"""Whole texts in a job's thread, without fillers, that probably mean a command of it."""

ENDING: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("cancel", "stop", "pause", "halt", "end"), "cancel")
    | dict.fromkeys(("delete", "remove", "erase"), "delete")
)
"""The subcommand by each verb with which somebody ends a video: `delete my last 2 videos`."""

CHANGING = frozenset(
    {"redo", "repeat", "make", "change", "rerender", "re-render", "retry", "render", "turn", "do"}
    | {"remake", "recreate", "regenerate", "use", "move", "reschedule", "try", "edit", "extend"}
)
"""Verbs with which an earlier video is asked for anew: `redo the last one but blue`."""

OWN = frozenset({"the", "my", "our"})
LATEST = frozenset({"last", "latest", "previous"})
VIDEOS = frozenset(
    {"one", "video", "videos", "clip", "clips", "render", "renders", "job", "jobs", "take"}
)
REPEATS = frozenset(
    {"weekly", "daily", "monthly", "repeat", "repeats", "repeating", "recurring", "scheduled"}
)
BESIDE_SAME = frozenset({"but", "video", "one", "thing", "as", "again", "with", "clip"})

SHARES = frozenset({"share", "send", "post", "publish", "forward"})
AUDIENCE = frozenset(
    {"client", "clients", "customer", "team", "channel", "channels", "group", "everyone"}
    | {"all", "boss", "email", "mail", "slack", "drive", "me", "us", "them"}
)
"""People and places that somebody sends a video to: `send it to the client`."""

NOUNS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("budget", "budgets", "approval", "approvals", "approver", "approvers"), "budget")
    | dict.fromkeys(("credit", "credits"), "credit")
    | dict.fromkeys(("settings", "defaults"), "settings")
    | dict.fromkeys(("notify", "notification", "notifications", "digest", "digests"), "notify")
)
"""The subcommand by each noun of what it manages."""

MANAGING = frozenset(
    {"set", "change", "update", "give", "remove", "reset", "clear", "delete"}
    | {"raise", "increase", "extend", "lower", "reduce", "decrease", "limit", "cap", "max"}
    | {"turn", "disable", "enable", "stop", "pause", "freeze", "mute", "require"}
)
"""Words with which something managed is changed: `turn off notifications`."""

ASKING = frozenset({"what", "who", "which", "how", "do", "does", "remaining"})
"""Words with which it is asked for: `how much budget is left`."""

ASKED_FOR: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("spend", "spent", "spending", "expenses", "cost", "costs"), "cost")
    | dict.fromkeys(("approve", "approves"), "budget approve")
)
"""The command that answers a question, by a word that means something in questions alone."""

STOPS = frozenset({"stop", "pause", "halt", "freeze", "cancel"})
TOTALITY = frozenset({"all", "everything", "every", "any", "videos", "renders", "jobs", "requests"})
EVERYTHING = (
    TOTALITY
    | {"the", "my", "our", "new", "here", "of", "and", "to", "rendering"}
    | {"budget", "spending", "schedule", "schedules", "weekly", "daily", "repeat", "repeating"}
    | {"now", "please", "immediately"}
)
"""Words of an order to stop all of it: `stop all videos`."""

LEADS = frozenset(
    {"show", "list", "give", "get", "see", "check", "me", "my", "our", "the", "all", "please"}
)
"""Words that ask for what a whole subcommand behind them shows."""

REQUESTS = frozenset(
    {"please", "pls", "plz", "can", "could", "would", "you", "we", "let's", "lets", "now", "and"}
)
"""Words with which a command is asked for politely: `can you delete this?`."""

FILLERS = frozenset(
    {"it", "this", "that", "please", "now", "just", "try"}
    | {"video", "clip", "job", "render", "repeat", "one"}
)
"""Words beside a command that say nothing more."""

ARTICLES = frozenset({"the", "my"})
"""Words within a command that say nothing more: `delete the last one`."""
