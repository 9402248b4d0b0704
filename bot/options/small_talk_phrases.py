"""The phrases that are small talk, as data: one pattern a line.

A pattern is a regular expression over lower-case words with single spaces between them, without
punctuation. `<name>` in it stands for any word of the set `name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SETS: Mapping[str, str] = MappingProxyType(
    {
        "hello": "hello hi hey hiya heya hullo howdy yo greetings helo hallo hola bonjour ciao",
        "daytime": "morning afternoon evening day night",
        "bye": "bye goodbye cya farewell welcome",
        "group": "there bot video team all everyone everybody guys folks people friend friends "
        "buddy mate again dear world",
        "thanks": "thx thnx thanx tx ty tysm cheers tyvm danke merci gracias grazie arigato",
        "favour": "the your this that it everything all help helping video videos clip work render "
        "time effort support quick great nice fast answer reply info making doing me us and so "
        "much patience",
        "very": "so very really pretty super absolutely just quite",
        "fine": "good great nice cool awesome amazing excellent wonderful fantastic brilliant "
        "beautiful lovely perfect super superb impressive fine funny gorgeous stunning incredible "
        "fun bad terrible awful weird wrong quick fast",
        "work": "job work one stuff bot idea result video",
        "it": "it this that these those they video",
        "is": "is are was look looks looked sound sounds s re",
        "yes": "ok okay k kk yes yeah yep yup ya sure right exactly agreed no nope nah nevermind "
        "nvm understood roger noted done alright lgtm wow haha hahaha lol hm hmm oops sorry please "
        "ah oh aha ooh yay correct absolutely definitely indeed true congrats bravo whoa woah",
        "love": "love like loved liked want",
        "wanted": "wanted asked meant expected needed",
        "asking": "what what's whats who who's whos how how's hows why when when's where where's "
        "which can could do does did don't doesn't didn't is isn't are aren't am was were will "
        "would should may have has any anyone anybody u you all everything still ready done it "
        "this that really seriously",
        "lead": "ok okay so well and but um sorry please thanks wow question",
        "me": "i we you u",
        "thing": "it this that one you we i videos",
        "try": "do make say type write ask use try know offer render mean think want need support",
        "state": "you a your still already going done ready finished working broken here there "
        "rendering bot free on over stuck alive video render",
        "clip": "video videos clip result render job bot",
        "act": "approve cancel continue keep render charge loop resend share delete stitch publish",
        "object": "it this that one me us yet again please anything now video clip today",
        "somebody": "anyone anybody someone somebody",
        "make": "make create render generate draw produce animate film show do give add change "
        "turn put have let get remove use replace keep slow speed zoom pan set redo bring move "
        "shoot paint",
    }
)

GREETINGS = r"""
<hello><to>*
good <daytime><to>*
(?:morning|evening)<to>+
(?:<bye>|bye bye|good bye|welcome back)<to>*
see (?:you|ya)(?: (?:later|soon|tomorrow|then|around))?
have a (?:nice|good|great|lovely) (?:day|evening|night|weekend|one|time)
take care
(?:sup|wassup|what'?s up)<to>*
(?:nice|good|pleased) to (?:meet|see) you
guten (?:morgen|tag|abend)|buenos d[ií]as|buenas tardes|こんにちは|안녕하세요
(?:<testing> )?(?:a )?test(?:ing)?(?: (?:test|testing|1|2|3|123|one|two|three))*
"""

THANKS = r"""
(?:many |big |ok |no )?thank(?:s| you|you|s you)<amount><for>?<to>*
<thanks>(?: a lot| so much| very much| beaucoup| sehr)?<to>*
(?:i |we |really |much )*appreciated?(?: (?:it|this|that|the help|your help))?(?: a lot)?
(?:vielen|besten) dank|danke sch[oö]n|muchas gracias|ありがとう(?:ございます)?|감사합니다
"""

AGREEMENTS = r"""
<yes>
(?:sure thing|of course|no (?:worries|problem|need|way)|never mind|got it|i see|will do)
(?:go (?:ahead|for it|on)|(?:let'?s )?do (?:it|that)|let'?s go|(?:that )?works(?: for me)?)
(?:well|nicely) done
(?:please )?(?:hold on|wait)(?: a (?:moment|minute|second|sec))?
<dont> (?:<make>|start|post|send) (?:it|this|that|anything)(?: <now>| again)?
(?:i (?:don't )?|not |client )approved?(?: (?:it|this|that|yet))?
(?:all good )?no (?:changes|notes|comments)(?: needed| please)?|good to go|ship it|on it
(?:let's )?go with (?:this|that|it)(?: one)?|(?:waiting for|needs) approval|approval needed
(?:hmm )?not sure(?: yet)?|i'll (?:check|look|see)(?: (?:it|this))?(?: (?:later|tomorrow|again))?
(?:please )?review(?: (?:it|this))?(?: please)?|<dont> <act>(?: <object>)*
forget (?:it|this|that|about it)
(?:please )?ignore (?:it|this|that|me|my (?:last )?(?:message|one|comment))
(?:<yes> )*wrong (?:thread|channel|video|one)|(?:leave|keep) it as (?:it )?is
(?:no |no further |no more )changes(?: <now>| please| from me)?|changes none|signed off
(?:please )?let (?:me|us) know(?: when (?:it|this|that)(?:'s| is) (?:done|ready|there))?
(?:<very> )?<fine> <work>
(?:<its> )?(?:<is> |turned out |came out )?(?:not )?(?:<very> )*<fine>(?: <now>)?
(?:it|this|that)'s (?:not )?(?:<very> )*(?:it|<fine>|ok|okay|right|all|enough)
(?:i |we )?(?:don'?t |do not |<very> )*<love> (?:it|this|that|these|them)<lot>?
(?:i |we )(?:agree|see|understand|know|think so|hope so|guess so|guess)
(?:you rock|you rule)
(?:you'?re|you are|ur) (?:the best|welcome|right|<fine>|a (?:star|genius|legend|hero))
(?:all good|good to know|makes sense|fair enough|not bad|my bad|my mistake|what a result)
(?:(?:this|that|it)(?: is|'s| was|isn't| isn't| wasn't) )?(?:not )?what (?:i|we) <wanted>(?: for)?
"""

QUESTIONS = r"""
what (?:else )?(?:can|could|should|must|may|do) <me>(?: <try>\b.*)?$
what (?:can|could|does) (?:it|(?:this|that|the)(?: <clip>)?) do$
what (?:is|are|else)(?: (?:this|that|your|you|it|there))+\b.*
what'?s (?:this|that|your|it|going on|new|happening)\b.*
who (?:are|is|made|built|wrote|runs|owns) (?:you|this|u)\b.*
how to use (?:it|this|that|the <clip>)$
how (?:do|can|should|does|could|would|did) (?:<me>|one|it|this|that)\b.*
how (?:are|r) (?:you|u|things)\b.*
how(?:'s| is|s) (?:it|everything|life|things|your)\b.*
how (?:much|long|many)(?: \w+)? <asking> (?:<thing>|(?:a|the) <clip>)\b.*
(?:can|could|may|should) (?:<me>|it|this)\b.*
(?:are|r|do|did|don't|have|aren't) (?:you|u)\b.*
(?:is|isn't) (?:it|this|that|my \w+|the <clip>|<somebody>) <state>\b.*
where(?:'s| is|s| are) (?:it|this|that)$
what (?:did|does|will) (?:it|this|that|the <clip>) cost$
how (?:much|long)$
where(?:'s| is|s| are) (?:my|the|our) (?:\w+ )?<clip>\b.*
when (?:will|is|does|do|can) (?:it|this|that|my|i|we|the <clip>)\b.*
why (?:is|isn't|does|doesn't|did|didn't|was|won't|are|do|can't) (?:<thing>|my|nothing)\b.*
(?:tell|show) me (?:about yourself|what you can do|more|how (?:to|it|this|you)\b.*)$
(?:i |we )?(?:need|could use|want) (?:some |your )?help$
(?:please )?help(?: (?:me|us))?(?: please| out)?$
(?:i |we )?(?:have|had|got) (?:a|another|one|some) (?:quick )?questions?$
(?:i|we) (?:don't|do not|dont) (?:understand|get it|know what to do)$
<somebody> (?:here|there|home|alive)$
(?:you|u) (?:there|ok|okay|here|alive|awake|up)$
(?:any|what'?s the) (?:news|update|updates|luck|progress|status|cost|price)(?: yet| on it)?$
"""
"""Questions that are recognised without their question mark."""

REQUEST = r"""
(?:can|could|would|will|may) <me><please>* <make>(?P<what>(?: [\w']+)+)$
"""
"""A polite prompt, `can you make a video of a cat?`, or a question, `can you make videos?`."""

OF_THE_SERVICE = _words(
    "how what videos clips movies pictures images options option cost costs price credits settings "
    "defaults help examples example commands my your list status refund money invoice"
)
"""Words that make a question of what looks like a polite prompt."""

OF_THE_BOT = _words(
    "you your u i my me we our us it it's its this that bot video videos clip render renders job "
    "credit credits cost costs price options models"
)
"""Words of which a long question has one if it is meant for the bot."""

# What several phrases share, beside sets of words.
_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "to": r"(?: <group>| and (?:welcome|hello|hi)| you(?: all)?| to you)",
        "testing": r"(?:this is|just|only|it's|its|just a|this is only)",
        "amount": r"(?: <very>)?(?: much| kindly)?(?: a (?:lot|bunch|ton))?(?: in advance)?",
        "for": r"(?: for(?: <favour>){1,6})",
        "dont": r"(?:(?:please )?(?:don't|do not|dont))",
        "its": r"(?:<it>|(?:the|this|that) (?:video|clip|one|result))",
        "now": r"(?:now|too|to me|already|enough)",
        "please": r"(?: (?:please|also|maybe|just|try to))",
        "lot": r"(?: (?:so much|a lot|video|one))",
    }
)
# Not the name of a group. Used while this and `small_talk` are imported, so it is no lazy pattern.
_NAME = re.compile(r"(?<!P)<(\w+)>")


def any_of(*phrases: str) -> str:
    """Return a regular expression for any of the lines of `phrases`, with the sets filled in."""
    lines = [line for text in phrases for line in text.split("\n") if line]
    return f"(?:{'|'.join(map(_filled, lines))})"


def _filled(line: str) -> str:
    while _NAME.search(line):
        line = _NAME.sub(lambda name: _part(name[1]), line)
    return line


def _part(name: str) -> str:
    if name in _PARTS:
        return _PARTS[name]
    return f"(?:{'|'.join(_SETS[name].split())})"
