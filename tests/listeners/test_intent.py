"""Tests of what a typed text means: a command, a mistyped one, small talk, or a prompt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import pytest

from bot.base.errors import UsageError
from bot.listeners.subcommands import thread
from bot.listeners.subcommands.command_words import NO_SCENES, PLAIN_WORDS
from bot.listeners.subcommands.intent import (
    Command,
    Intent,
    Mistyped,
    Prompt,
    Talk,
    read_intent,
)
from bot.listeners.subcommands.router import SUBCOMMANDS
from bot.listeners.subcommands.text_context import TextContext
from bot.options.edit_distance import edit_distance
from bot.options.parser import read_text
from bot.options.small_talk import SmallTalk
from tests.options.test_small_talk import PROMPTS
from tests.support.listener_harness import JOB
from tests.support.services import CATALOG

COMMAND = TextContext(table=SUBCOMMANDS, catalog=CATALOG)
CONVERSATION = replace(COMMAND, is_conversation=True)
THREAD = replace(
    CONVERSATION,
    thread_words=thread.THREAD_WORDS.keys(),
    thread_command=partial(thread.match, job=JOB),
)
PLACES = pytest.mark.parametrize(
    "place", [COMMAND, CONVERSATION, THREAD], ids=["command", "conversation", "thread"]
)


def meant(text: str, place: TextContext = COMMAND) -> str | None:
    """Return what a text probably means, if it may be mistyped."""
    intent = read_intent(text, place)
    return intent.meant if isinstance(intent, Mistyped) else None


def kinds(texts: Iterable[str], place: TextContext) -> Mapping[str, type[Intent]]:
    """Return what kind of intent each text is."""
    return {text: type(read_intent(text, place)) for text in texts}


NEAR_MISSES: Mapping[str, str | None] = {
    "lsit": "list",
    "hlep": "help",
    "Hlep!": "help",
    "lists": "list",
    "cancle": "cancel ID|last",
    "satus": "status ID|last",
    "statuss 0123456789": "status 0123456789",
    "agian last": "again last",
    "model": "models",
    "setings": "settings",
    "setings mode pro": "settings mode pro",
    "notfy here all": "notify here all",
    "cots": "cost",
    "Host.": "cost",
    "hell": "help",
    "cats": None,
    "coast": None,
    "statue": None,
    "cots me": None,
    "coast --mode pro": None,
    "csot me": "cost me",
    "lsit all": "list [--approved]",
    "stats 1 2": "status ID|last",
    "lsit --approved": "list --approved",
    "list --aproved": "list --approved",
    "lsit --aproved": "list",
    "lsit --mode pro": "list",
    "status --mode pro": "status ID|last",
    "stlye save noir --mode pro": "style save noir --mode pro",
    "notfy --mode pro": "notify",
    "lsit of cats --mode pro": None,
    "lift --mode pro": None,
    "look --mode pro": None,
    "cancel last --audio": "cancel last",
    "cancle last --audio": "cancel last",
    "cost me --mode pro": "cost me",
    "styles save noir rain --mode pro": "style save noir rain --mode pro",
    "settings me, mode: pro": "settings me mode pro",
    "again 01234567 boats --mode pro": None,
    "video list": "list",
    "/video budget set here 5 per day": "budget set here 5 per day",
    "video of a lake": None,
    "stop it": "cancel ID|last",
    "please cancel now": "cancel ID|last",
    "Finn the dog runs over a meadow --duration 5": None,
    "fnd a beach --mode pro": None,
    "setings delay ten": "help settings",
    "cancle it please": "cancel ID|last",
    "buget set here 5 per day": "budget set here 5 per day",
    "budget rise here 20 today because launch": "budget raise here 20 today because launch",
    "budget aprove above 5 by <@U1|mia>": "budget approve above 5 by @mia",
    "cost by person last mnth": "cost by person last month",
    "csot by person last month": "cost by person last month",
    "credit tkae 200 for receipt 17": "credit take 200 for receipt 17",
    "budget rise of an empire in flames": None,
    "setting sun over the sea at dawn": None,
    "cost of living by day and night": None,
    "credit cards rain on a city for hours": None,
    "model train crosses a high bridge": None,
}


def test_a_near_miss_of_a_word_is_mistyped() -> None:
    """One letter is wrong, or two are swapped.

    Words of English that come close begin prompts, but none is a prompt alone.
    """
    found = {text: meant(text) for text in NEAR_MISSES}
    assert found == {text: usage and f"/video {usage}" for text, usage in NEAR_MISSES.items()}


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("stop last", "cancel last"),
        ("remove last", "delete last"),
        ("undo", "cancel ID|last"),
        ("Stop!", "cancel ID|last"),
        ("details 0123456789", "status 0123456789"),
        ("last", "status ID|last"),
        ("retry last please", "again last"),
        ("retry last --mode pro", "again last --mode pro"),
        ("jobs", "list"),
        ("stop the clock", None),
        ("show dogs", None),
        ("last summer", None),
        ("delete all memories of her", None),
    ],
)
def test_a_word_that_means_a_subcommand_elsewhere_is_mistyped(text: str, usage: str | None) -> None:
    """Alone, or before a job; before other words it is a prompt."""
    assert meant(text) == (usage and f"/video {usage}")


REWORDED: Mapping[str, str | None] = {
    "budget 5 per day": "budget set here 5 per day",
    "budget <@U2|ana> 5 per day": "budget set @ana 5 per day",
    "budget add here 5 per day": "budget set here 5 per day",
    "budget add here 20 today because launch": "budget raise here 20 today because launch",
    "budget increase here 20 today": "budget raise here 20 today",
    "budget clear here per day": "budget unset here per day",
    "budget remove here per day": "budget unset here per day",
    "set budget here 5 per day": "budget set here 5 per day",
    "limit budget here 5 per day": "budget set here 5 per day",
    "raise budget here 20 today because launch": "budget raise here 20 today because launch",
    "style create noir --mode pro": "style save noir --mode pro",
    "create style noir --mode pro": "style save noir --mode pro",
    "delete style noir": "style delete noir",
    "remove style noir": "style delete noir",
    "show me my cost last month": "cost last month",
    "please check my budget": "budget",
    "show me my cost please": "cost",
    "list styles": "styles",
    "my budget": "budget",
    "get help": "help",
    "cancel my last video": "cancel last",
    "please delete the last one": "delete last",
    "settings me now": "settings me",
    "settings delay 5 thanks a lot": "settings delay 5",
    "settings delay 5 minutes": "help settings",
    "edit last": "status last",
    "repeat last": "again last",
    "repeat last please": "again last",
    "redo the last one but blue": "again ID|last [changes]",
    "make my last video vertical": "again ID|last [changes]",
    "same video but in blue": "again ID|last [changes]",
    "status of my last video": "status ID|last",
    "what happened to my last video": "status ID|last",
    "stop the weekly video": "cancel ID|last",
    "please cancel the red car video": "cancel ID|last",
    "delete all my videos": "delete ID|last",
    "please delete the last 2 videos": "delete ID|last",
    "the last one standing": None,
    "stop motion of a red car in a music video": None,
    "repeat the pattern of tiles": None,
    "0123456789": "status 0123456789",
    "0123456789 --mode pro": "status 0123456789",
    "cancel last\na red car at dawn": "cancel last",
    "--mode pro again last": "again last",
    "--mode pro again and again": None,
    "notify digest daily at 09:00": "notify here digest daily at 09:00",
    "show me": None,
    "show me the money": None,
    "the cost of a war": None,
    "credit 200 for receipt 17": "help credit",
    "credit deduct 200 for refund 3": "credit take 200 for refund 3",
    "budget lower here 20 per day": "budget set here 20 per day",
    "style add noir black and white": "style save noir black and white",
    "who can approve": "budget approve",
    "what did we spend in october": "cost",
    "how do I set a budget": "help budget",
    "notify me when done": "help notify",
    "set budget to 5 per day": "help budget",
    "please set the budget for everyone to 20 per week": "help budget",
    "raise the budget by 20 today": "help budget",
    "budget lower here to 20": "help budget",
    "cost --last month": "cost last month",
    "what is my budget": "budget",
    "what does a style cost": "cost",
    "make a budget hotel look nice": None,
    "do we have budget left": "budget",
    "settings change mode to pro": "help settings",
    "settings of play": "help settings",
    "turn off notifications here": "help notify",
    "notify me at 9": "help notify",
    "stop all videos": "budget stop workspace",
    "pause everything now please": "budget stop workspace",
    "stop the rendering now please": "cancel last",
    "add credits rolling at the end of a film": None,
    "is a man who spent his life at sea": None,
    "new budget airline takes off": None,
    "show my videos": "list",
    "show me the costs": "cost",
    "a budget airline over the alps at dawn": None,
    "credit card on a marble table": None,
    "stop motion of a fox": None,
    "show all colours of the sea": None,
    "new style boots on snow --duration 5": None,
    "change style to watercolor": None,
    "rave style party in Berlin": None,
    "style icon walks down the runway --mode pro": None,
    "dogs help": None,
    "4k loop": None,
    "audio settings panel on a mixing desk": None,
    "last again the fox returns": None,
    "see again last night's storm over the bay": None,
    "the model": None,
    "the status quo": None,
    "cost by the sea": None,
    "built to last": None,
    "background": None,
    "cost me an arm and a leg": None,
    "a red car\ncancel last": None,
}


def test_a_command_in_the_words_of_a_sentence_is_mistyped() -> None:
    """With what it does left out, before it or of another name, or with words around it."""
    found = {text: meant(text) for text in REWORDED}
    assert found == {text: command and f"/video {command}" for text, command in REWORDED.items()}


LOOKED_FOR: Mapping[str, str | None] = {
    "queue": "list",
    "History!": "list",
    "schedules": "list",
    "search": "find",
    "billing": "cost",
    "limits": "budget",
    "config": "settings",
    "pause": "cancel ID|last",
    "menu": "help",
    "options": "help options",
    "sets": "help sets",
    "download": "help buttons",
    "prices": "help options",
    "video queue": "list",
    "harbor": None,
    "history of the sea": None,
    "queue --mode pro": None,
}


def test_a_word_that_shows_nothing_names_where_to_look_for_it() -> None:
    """As the whole text; with others it is a prompt."""
    found = {text: meant(text) for text in LOOKED_FOR}
    assert found == {text: command and f"/video {command}" for text, command in LOOKED_FOR.items()}
    assert meant("download", THREAD) == "/video help buttons"
    assert kinds(["options"], replace(COMMAND, has_files=True)) == {"options": Prompt}


PRICED: Mapping[str, str | None] = {
    "how much is a lake at dawn?": "a lake at dawn",
    "what would a red car cost": "a red car",
    "price of a lake": "a lake",
    "estimate a lake": "a lake",
    "please give me a quote for red cars": "red cars",
    "cost of a lake": "a lake",
    "dry run a lake": "a lake",
    "a lake, how much would that be?": "a lake",
    "a lake in 4k price?": "a lake in 4k",
    "how much for a 10 second video": "a 10 second video",
    "price a lake --duration 10 --mode pro": "a lake --duration 10 --mode pro",
    "how much is a {red|blue} car": "a {red|blue} car",
    "the cost of a war": None,
    "the price is right, a game show": None,
    "price tags fall like snow": None,
    "how much wood a woodchuck chucks": None,
    "dry river bed": None,
}


def test_who_asks_for_a_price_is_told_how_to_see_it() -> None:
    """And pays for no video of the question."""
    found = {text: meant(text) for text in PRICED}
    assert found == {text: words and f"/video --dry {words}" for text, words in PRICED.items()}
    assert meant("how much would it be in 4k?", THREAD) == "again --dry in 4k"


def test_a_question_about_prices_is_read_in_time() -> None:
    """However often it begins anew."""
    began = time.perf_counter()
    for text in ("a how much is it " * 1_000, "price of a " * 36, "a price " * 50):
        read_intent(text, COMMAND)
    assert time.perf_counter() - began < 1


REWORDED_IN_A_THREAD: Mapping[str, str | None] = {
    "keep it": "keep",
    "ok approve": "approve",
    "Perfect, love it. Approved!": "approve",
    "client says: approved": "approve",
    "ready for approval": "approve",
    "great, loop it": "loop",
    "once more": "again",
    "another take please": "again",
    "one more": "again",
    "contine the boat leaves": "continue the boat leaves",
    "New a hill at dawn": "new: a hill at dawn",
    "new hat on the cat": None,
    "again vertical": "again --aspect-ratio 9:16",
    "again 4k please": "again --mode 4k",
    "redo without sound": "again --no-audio",
    "client approved": "approve",
    "I approve this": "approve",
    "not approved": None,
    "looks great": None,
    "never mind": "cancel",
    "forget it": "cancel",
    "please don't render it": "cancel",
    "try a different version please": "again",
    "start over": "again",
    "two more please": "again --times 2",
    "send it to the client": "/video help buttons",
    "please share this with our team": "/video help buttons",
    "post it in <#C7|launch>": "/video help buttons",
    "share this": "/video help buttons",
    "send it again please": "resend",
    "send the boat away": None,
    "post office in the background": None,
    "send <@U1|mia> to the moon": None,
    "can you delete this?": "delete",
    "make it a seamless loop": "loop",
    "please continue with the boat leaving": "continue with the boat leaving",
    "run it again": "again",
    "once more --mode pro": "again --mode pro",
    "redo --mode pro": "again --mode pro",
    "once more at night": None,
    "more time": None,
    "stop rendering it": "cancel",
    "the client has not approved": None,
    "please continue later": "continue",
    "can you delete this --mode pro": "delete",
    "the approved logo stands on a wall of red bricks": None,
    "aprove": "approve",
    "please stop this now": "cancel",
    "stop the repeat": "cancel",
    "please delete the video": "delete",
    "try again": "again",
    "make style more cinematic": None,
    "remove cast shadows": None,
    "new style: watercolor": None,
    "keep the cat": None,
    "stop the clock": None,
}


def test_a_command_of_a_thread_in_other_words_is_mistyped() -> None:
    """Words that may be a change of the video are one."""
    assert {text: meant(text, THREAD) for text in REWORDED_IN_A_THREAD} == REWORDED_IN_A_THREAD


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("delete?", "type `delete` without the question mark"),
        ("again?", "type `again` without"),
        ("approve not yet", "whether you approve it"),
        ("approve nothing", "whether you approve it"),
        ("approved, this one isn’t", "whether you approve it"),
        ("approve although the logo is off", "whether you approve it"),
        ("approve the other one", "whether you approve it"),
        ("approve and make a square version", "whether you approve it"),
        ("approve --mode pro", "whether you approve it"),
        ("approved logo is attached", "whether you approve it"),
        ("approve the cut of the car that we all saw on monday", "whether you approve it"),
        ("approve 0:03 logo bigger", "whether you approve it"),
        ("changes: nothing, looks great", "whether you approve it"),
        ("changes: n/a", "whether you approve it"),
        ("changes: no changes needed", "whether you approve it"),
        ("continue later", "whether you want the next clip now"),
        ("continue only if approved", "whether you want the next clip now"),
        ("continue? or should we stop", "without the question mark"),
        ("continue with take 1", "goes on from its own video"),
        ("note for Ana: the logo", "Begin a note with its time"),
        ("add a note: the car should be blue", "Begin a note with its time"),
        ("Client feedback: the car should be blue", "Begin a note with its time"),
        ("change: a blue car", "Begin a note with its time"),
        ("approve: no", "whether you approve it"),
        ("approved by the client?", "whether you approve it"),
        ("approve - only if legal agrees", "whether you approve it"),
        ("changes asked?", "whether you approve it"),
        ("changes: none", "whether you approve it"),
        ("Note: the logo is small", "Begin a note with its time"),
    ],
)
def test_words_in_a_thread_that_may_not_be_meant_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_intent(text, THREAD)


def test_a_question_in_a_thread_is_answered() -> None:
    texts = ["cost?", "status?", "help?", "approve, the logo is fine", "changes: it is not blue"]
    texts += [
        "approved by Ana, thanks all!",
        "`approve`",
        "continue: if the boat leaves",
        "`again`",
    ]
    texts += [
        "approved ✅",
        "approved :+1:",
        "approved <@U0ANA>",
        "approved - great",
        "approve :100:",
    ]
    texts += [
        "changes: no music",
        "changes: not so dark please",
        "changes: none of the cars are red",
    ]
    texts += ["continue when the door opens she walks in"]
    texts += ["continue at 0:03 the boat leaves", "continue a few more seconds"]
    assert kinds(texts, THREAD) == dict.fromkeys(texts, Command)


@pytest.mark.parametrize("text", ['x budget "{}"', 'x style "{}"', 'budget "{}"', "budget {}"])
def test_a_long_text_is_read_in_time(text: str) -> None:
    """However many of its words stand in one quote."""
    began = time.perf_counter()
    read_intent(text.format("sav set " * 4_000), COMMAND)
    assert time.perf_counter() - began < 1


MISFITS = {
    "list all": "list",
    "list of cats": "list",
    "cost you": "cost",
    "cost cutting": "cost",
    "cost of living": "cost",
    "status report": "status",
    "cancel culture debate": "cancel",
    "again the sea": "again",
    "models of cars": "models",
    "notify the neighbours": "notify",
}


@PLACES
def test_a_known_word_with_arguments_that_do_not_fit_is_mistyped(place: TextContext) -> None:
    """In a job's thread, its own words are suggested."""
    own = thread.THREAD_WORDS if place is THREAD else ()
    assert {text: meant(text, place) for text in MISFITS} == {
        text: word if word in own else f"/video {SUBCOMMANDS[word].usage}"
        for text, word in MISFITS.items()
    }


FOR_HELP = ["-h", "?", "??", "--version", "—version", "version", "-v", "/help", "VERSION", "..."]


@PLACES
def test_what_other_programs_take_for_help_is_mistyped(place: TextContext) -> None:
    found = {text: meant(text, place) for text in FOR_HELP}
    assert found == dict.fromkeys(FOR_HELP, "/video help")


COMMANDS = [
    "list",
    "List!",
    "help",
    "help notify",
    "help notfy",
    "cost me",
    "models?",
    "status 0123456789",
    "status last",
    "again 0123456789 --duration 8",
    "again 01234567 --duration 8",
    "settings",
    "settings me",
    "settings me mode pro",
    "settings me reset",
    "notify here digest daily",
    "--help",
    "a red car --help",
    "notify --help",
    "--help notify",
    "a lake --duration 8 —help",
]


@PLACES
def test_a_command_is_run(place: TextContext) -> None:
    assert kinds(COMMANDS, place) == dict.fromkeys(COMMANDS, Command)


OF_THE_NEWEST = ["cancel last", "resend LAST", "again last", "again last make it night"]


def test_the_newest_video_is_not_that_of_a_thread() -> None:
    """Another person's, or another video, would be cancelled, deleted or charged."""
    assert kinds(OF_THE_NEWEST, COMMAND) == dict.fromkeys(OF_THE_NEWEST, Command)
    for text in [*OF_THE_NEWEST, "delete the last one", "loop last"]:
        with pytest.raises(UsageError, match=r"In a thread, `.*` is about its own video"):
            read_intent(text, THREAD)


CLEAR_IN_A_COMMAND = [
    *PROMPTS,
    "cost of living in Tokyo",
    "list of cats on a sofa",
    "cancel culture debate on television",
    "again the sea and the wind",
    "-- list",
    "-- lsit",
    "— cost",
    "-- version",
    "list of cats --duration 5",
    "--mode pro lsit",
    "coast",
    "cats",
    "wind",
    "mist",
    "statue",
    "candle",
    "-- cots",
    "model train",
    "setting sun",
    "coast road",
    "statue in rain",
    "lost dog",
    "mist rising",
    "getting ready",
    "camel",
    "castle",
    'a sign that says "--help"',
    'said "hello',
]


def test_a_clear_prompt_goes_straight_on_in_a_command() -> None:
    """A single word, too, unless it may be a mistyped subcommand."""
    assert kinds(CLEAR_IN_A_COMMAND, COMMAND) == dict.fromkeys(CLEAR_IN_A_COMMAND, Prompt)


CLEAR_IN_A_CONVERSATION = [
    *PROMPTS,
    "-- hello",
    "-- thanks",
    "-- lake",
    "lake --duration 8",
    "new: thanks a lot",
    "vertical",
    "4k",
    "10s",
]


@pytest.mark.parametrize("place", [CONVERSATION, THREAD], ids=["conversation", "thread"])
def test_a_clear_prompt_goes_straight_on_in_a_conversation(place: TextContext) -> None:
    """So does small talk behind two dashes, or with options."""
    found = kinds(CLEAR_IN_A_CONVERSATION, place)
    assert found == dict.fromkeys(CLEAR_IN_A_CONVERSATION, Prompt)


@pytest.mark.parametrize("place", [CONVERSATION, THREAD], ids=["conversation", "thread"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", SmallTalk.GREETING),
        ("thanks! &lt;3 :pray:", SmallTalk.THANKS),
        ("looks great 👍", SmallTalk.AGREEMENT),
        ("what can you do?", SmallTalk.QUESTION),
        ("can you help me?", SmallTalk.QUESTION),
        ("lake", SmallTalk.SINGLE_WORD),
        ("health", SmallTalk.SINGLE_WORD),
        ("longer", SmallTalk.SINGLE_WORD),
    ],
)
def test_small_talk_in_a_conversation(text: str, kind: SmallTalk, place: TextContext) -> None:
    assert read_intent(text, place) == Talk(kind=kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", SmallTalk.GREETING),
        ("thank you!", SmallTalk.THANKS),
        ("ok", SmallTalk.AGREEMENT),
        ("where is my video?", SmallTalk.QUESTION),
        ("are you there?", SmallTalk.QUESTION),
        ("do not render it yet", SmallTalk.AGREEMENT),
        ("forget it", SmallTalk.AGREEMENT),
    ],
)
def test_small_talk_in_a_command(text: str, kind: SmallTalk) -> None:
    """Nobody means to pay for a video of it."""
    assert read_intent(text, COMMAND) == Talk(kind=kind)


@PLACES
@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("how much budget is left?", "/video budget"),
        ("how do I list my videos?", "/video list"),
    ],
)
def test_a_question_names_what_answers_it(place: TextContext, text: str, command: str) -> None:
    assert meant(text, place) == command


@pytest.mark.parametrize("text", ["🌊🌋", "🔥", ":ocean: :volcano:"])
def test_emoji_alone_are_a_scene_in_a_command(text: str) -> None:
    assert read_intent(text, COMMAND) == Prompt(typed=read_text(text))


def test_a_question_about_the_cost_is_about_the_video_of_its_thread() -> None:
    assert meant("how much did this cost?", THREAD) == "cost"
    assert meant("how much does a video cost?", COMMAND) == "/video cost"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("animate", Prompt(typed=read_text("animate"))),
        ("coast", Prompt(typed=read_text("coast"))),
        ("can you animate this?", Prompt(typed=read_text("can you animate this?"))),
        ("thanks", Talk(kind=SmallTalk.THANKS)),
    ],
)
def test_a_word_or_a_question_beside_files_is_a_prompt(text: str, intent: Intent) -> None:
    """The files say what it is about."""
    assert read_intent(text, replace(CONVERSATION, has_files=True)) == intent


@PLACES
@pytest.mark.parametrize("text", ["hlep", "cancle", "stauts"])
def test_in_a_thread_its_own_words_are_suggested(place: TextContext, text: str) -> None:
    """They need no ID."""
    suggested = meant(text, place)
    assert suggested is not None
    assert suggested.startswith("/video ") == (place is not THREAD)


def test_a_word_without_its_id_is_refused() -> None:
    """Hardly any user means to pay for a video of that one word."""
    with pytest.raises(UsageError, match="/video -- status"):
        read_intent("status", COMMAND)


def test_each_plain_word_is_near_a_subcommand() -> None:
    """Others need no exception, and those that show nothing are among them."""
    assert NO_SCENES <= PLAIN_WORDS
    near = {word for word in PLAIN_WORDS if any(edit_distance(word, n) == 1 for n in SUBCOMMANDS)}
    assert near == set(PLAIN_WORDS)


@pytest.mark.parametrize("text", ["budget help", "cost help", "Status HELP", "cancel help"])
def test_help_behind_a_subcommand_is_about_it(text: str) -> None:
    """As behind the names of other programs' commands."""
    assert isinstance(read_intent(text, COMMAND), Command)
    assert isinstance(read_intent(text.replace(" ", " me "), COMMAND), Command) is False
