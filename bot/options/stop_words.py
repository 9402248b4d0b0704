"""The words that name nothing to show, whatever they stand beside, as data."""

from __future__ import annotations

STOP_WORDS = frozenset(
    word
    for line in (
        "me us i we you it this that these those my our your",
        "some any something anything everything thing things one another both",
        "and as at but by for from in like of on so to with",
        "be can could do does get give have is let lets let's need should try want will would",
        "add adjust change convert crop extend increase reduce resize shorten switch",
        "create export generate make produce put render set turn upscale use",
        "bit better different higher little lower much slightly",
        "clip clips film image job movie picture prompt version video videos",
        "again also final here just long more new next now once only please pls plz same",
        "thanks time today too instagram insta tiktok youtube reel reels stories shorts",
    )
    for word in line.split()
)

ARTICLES = frozenset({"a", "an", "the"})
