"""Users, channels and messages of the simulated Slack, and those that it starts with."""

from dataclasses import dataclass, field
from enum import StrEnum

Payload = dict[str, object]
"""A JSON object on its way to or from Slack."""

TEAM = "T0STUDIO"
TEAM_NAME = "studio"
PARTNER = "T0PARTNER"
"""Another workspace, with which a channel may be shared."""
APP = "A0VIDEO"
BOT_ID = "B0VIDEO"
BOT = "U0VIDEO"
ANA = "U0ANA"
BEN = "U0BEN"
MIA = "U0MIA"
"""Ana and Ben are people, Mia is the workspace's administrator."""

GENERAL = "C0GENERAL"
"""Public, and the bot is in it."""
OPEN = "C0OPEN"
"""Public, and the bot is not in it."""
CREW = "C0CREW"
"""Private, and the bot is in it."""
VAULT = "C0VAULT"
"""Private, and the bot is not in it."""


DESIGNERS = "S0DESIGN"
"""A group of people."""
GROUPS = {DESIGNERS: "designers"}
"""The handle of each group."""


class RefusalError(Exception):
    """Slack refuses a call: its error code, and further fields of the answer."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Kind(StrEnum):
    """What kind of conversation a channel is."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(slots=True, kw_only=True)
class User:
    """A person or an app, of this workspace unless `team` names another."""

    id: str
    name: str
    real_name: str
    is_bot: bool = False
    is_admin: bool = False
    team: str = TEAM
    is_guest: bool = False
    is_deactivated: bool = False
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600


@dataclass(slots=True, kw_only=True)
class Channel:
    """A conversation and its members, by user ID."""

    id: str
    name: str
    kind: Kind
    members: set[str]
    archived: bool = False
    shared_with: str | None = None
    """The other workspace that shares it."""


@dataclass(slots=True, kw_only=True)
class StoredMessage:
    """A message; `edits` holds its earlier texts and blocks, oldest first."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Payload] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Payload | None = None
    files: tuple[str, ...] = ()
    ephemeral_for: str | None = None
    edited_ts: str | None = None
    edits: list[tuple[str, list[Payload]]] = field(default_factory=list)

    @property
    def job_id(self) -> str | None:
        """The ID of the job that the message's metadata names."""
        payload = (self.metadata or {}).get("event_payload")
        job_id = payload.get("job_id") if isinstance(payload, dict) else None
        return job_id if isinstance(job_id, str) else None


def studio_people() -> tuple[User, ...]:
    """Return two people, an administrator and the bot."""
    return (
        User(id=ANA, name="ana", real_name="Ana Lima"),
        User(id=BEN, name="ben", real_name="Ben Okoye"),
        User(id=MIA, name="mia", real_name="Mia Chen", is_admin=True),
        User(id=BOT, name="video", real_name="Video", is_bot=True),
    )


def studio_channels() -> tuple[Channel, ...]:
    """Return a public and a private channel with the bot, and one of each without it."""
    people = {ANA, BEN, MIA}
    return (
        Channel(id=GENERAL, name="general", kind=Kind.PUBLIC, members={*people, BOT}),
        Channel(id=OPEN, name="open-studio", kind=Kind.PUBLIC, members=set(people)),
        Channel(id=CREW, name="crew", kind=Kind.PRIVATE, members={ANA, BEN, BOT}),
        Channel(id=VAULT, name="vault", kind=Kind.PRIVATE, members={ANA, MIA}),
    )
