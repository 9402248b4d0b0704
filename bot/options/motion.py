"""Tells whether English texts name a motion, by the beginnings of their words. Pure.

Whoever asks for a motion must not be asked whether they mean none, so every doubt counts as one:
another language, a rare verb that has the ending of one, a noun that begins like a verb.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.base.patterns import lazy_compile

_WORD = lazy_compile(r"[a-z]+")
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
# Beginnings so short that they are those of too much else.
_WHOLE = frozenset(
    word
    for line in (
        "act acts came cries cut cuts dims do does fries go goes gone hums led ran rings rips",
        "saws sets sit sits sleeps sows sums took tows went woke",
    )
    for word in line.split()
)
_BEGINNINGS = tuple(
    word
    for line in (
        "accelerat advanc ambl anim appear applau approach arc aris arriv ascend ate attack",
        "awak back bak bark bath beat becom beg bend bent bik billow bit blast blaz blew blink",
        "bloom blossom blow boil bounc bow brak break breath brew brighten bring broke brush build",
        "built burn burst buzz call camera captur carr cascad catch caught celebrat chang charg",
        "chas cheer chew chirp chop chug circl clamber clap clatter clean climb clos collaps",
        "collid com cook count cover crack crane crash crawl creep crept croak cros cruis",
        "crumbl crunch cry curl danc darken dart dash deliver descend dig dip disappear",
        "disperse dissolv div dodg dolly drag drain drank drap draw drew dribbl drift drink",
        "drip driv drop drov drown drum dug dump eat ebb emerg emit ent erupt escap evaporat",
        "evolv exhal exit expand explod fad fall fell ferr fidget fight fill fir flap flar",
        "flash fled flee flew flick flies flip float flood flourish flow flung flutter fly fold",
        "follow form fought freez frown froz fumbl gallop gasp gather gave gaz get giggl giv",
        "glanc glid glow grab graz greet grew grin groan grow gulp gush gust hammer hand hang",
        "hatch head heav hik hiss hit hoist hold hop hover howl hug hung hunt hurl hurr hurtl",
        "ignit inhal intertwin jiggl jog join jolt juggl jump kick kiss knead kneel knock land",
        "lash laugh launch lay leak lean leap learn leav left lick lift light limp lit load",
        "look loom los low lung lurk march melt merg mix morph mount mov mow munch nest nod",
        "nudg ooz open orbit overflow overtak paddl paint pan parachut parad park pass peck",
        "pedal peek peel perform pick pilot pirouett plant play plod plop plummet plung point",
        "pok polish pop pounc pour pray preen press prowl pull puls punch purr push put quak",
        "quiver race racing rain rais rang rattl reach read rearrang recede reflect releas",
        "retreat return reveal revolv rid rippl ris roam roar rock rode roll rose rotat row rub",
        "rumbl run rush rustl sail salut sang sank saunter scamper scatter scoop scrap scream",
        "scroll scrub scurr search settl sew shak shatter shift shimmer shin shiver shook shoot",
        "shot shout shov show shrink shuffl shut sigh sing sink siz skat ski slam slap slic",
        "slid slip slither slow slurp smash smear smil smok smolder smoulder snap sneak sneez",
        "sniff snow snuggl soar sob spark speak speed spew spill spin spiral splash split spoke",
        "sprang spray spread sprint sprout sprung spun squat squeez squirm squirt stagger stalk",
        "stamp stand stare start steam step stir stomp stood stoop stop stream stretch strid",
        "strik stroll struck strum strut stumbl suck surf surg swallow swam swat sway sweep",
        "swell swept swim swing swirl switch swoop swung tak talk tap taxi tear thaw thrash",
        "threw throw thrust thump tick tilt tim tipto toppl tore toss touch track trail",
        "transform travel trembl trickl trip trot trudg tuck tug tumbl turn twinkl twirl twist",
        "twitch typ undulat unfold unfurl unlock unroll unveil unwrap vanish vault veer vibrat",
        "wad wag wail wait wak walk waltz wander watch wav weav weep wept whack wheel whip",
        "whirl whisk whisper whistl whizz whoosh widen wield wiggl wilt wink wip wobbl work",
        "wove wrap wrestl wriggl writ wrot yank yawn zap zigzag zip zoom",
    )
    for word in line.split()
)
_MOTION = lazy_compile("|".join(sorted(set(_BEGINNINGS))))
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
