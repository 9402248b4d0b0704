"""Tells whether English texts name a motion, by the beginnings of their words. Pure.

Whoever asks for a motion must not be asked whether they mean none, so every doubt counts as one:
another language, a rare verb that has the ending of one, a noun that begins like a verb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[a-z]+")
# Words that hardly any other language has.
_ENGLISH = frozenset({"and", "the", "with"})
# Nouns and their like that end as a motion does.
_NO_MOTION = frozenset(
    word
    for line in (
        "anything building ceiling clothing during evening everything king lighting morning",
        "nothing painting ring something spring string thing wing",
    )
    for word in line.split()
)
_WHOLE = frozenset(
    {"go", "goes", "gone", "went", "cut", "cuts", "act", "acts", "do", "does", "sit"}
)
_BEGINNINGS = tuple(
    word
    for line in (
        "accelerat advanc ambl anim appear approach arc aris arriv ascend attack awak awaken",
        "back bath beat becom beg bend bent billow bit blast blaz blink bloom blow blew boil",
        "bounc bow brak break broke breath brew bring brush build built burn burst buzz call",
        "camera captur carr catch caught chang charg chas cheer chew circl clap clean climb",
        "clos collaps collid com cook count cover crack crane crash crawl creep crept cros",
        "crumbl cruis cry curl dance danc dart dash deliver descend dig dip disappear disperse",
        "dissolv div dodg dolly drag drain draw drew dribbl drift drink drank drip driv drov",
        "drop dump eat ate emerg ent erupt escap evaporat expand explod fad fall fell fight",
        "fought fill fir flap flar flash flee fled flick flies flew flip float flood flow",
        "flutter fly follow fold form freez froz gallop gather get gets giv gave glanc glid",
        "glow grab greet grind grow grew hammer hand hang head hit hold hop hover hug hunt hurr",
        "ignit jog join jump kick kiss knock land laugh launch lay lean leap learn leav left",
        "lift light lick lit load look los low march melt merg mix mount mov nod open orbit",
        "overtak paddl paint pan pant parad park pass pedal peek perform pick pilot pirouett",
        "plant play plung point pop pour push put race racing rais rain reach read rearrang",
        "recede reflect releas return reveal revolv rid ris roar rock roll rotat row rub run",
        "rush rustl sail scatter scream scroll search sew shak shatter shift shimmer shin shoot",
        "shot shout show shrink shut sing sang sink sank skat ski skip slam slid slip slow",
        "smash smil smok snap sneez snow soar spark speak spoke speed spill spin spiral splash",
        "split spray spread sprint squeez stand stare start steam step stir stop stream stretch",
        "strid strik struck stroll strut stumbl surf surg sway sweep swept swim swam swing",
        "swirl switch tak talk tap tear tim threw throw thrust tilt toss touch track trail",
        "transform travel trembl trip trot tumbl turn twirl twist typ unfold unfurl unveil",
        "vanish vibrat wad wag wait wak walk wander watch wav weav whirl whip whisper wip wobbl",
        "work wrap writ wrot yawn zip zoom",
    )
    for word in line.split()
)
_MOTION = re.compile("|".join(sorted(set(_BEGINNINGS))))
_ENDING = "ing"
# In characters: beginnings of shorter words are those of too much else.
_SHORTEST_ENDING = 5


def is_still(texts: Sequence[str]) -> bool:
    """Tell whether texts in English name no motion, all together; `False` if in doubt."""
    words = [word for text in texts for word in _WORD.findall(text.casefold())]
    if not _ENGLISH.intersection(words) or any(not text.isascii() for text in texts):
        return False
    return not any(map(_names_motion, words))


def _names_motion(word: str) -> bool:
    if word in _WHOLE or (word.endswith(_ENDING) and len(word) >= _SHORTEST_ENDING):
        return word not in _NO_MOTION
    return _MOTION.match(word) is not None
