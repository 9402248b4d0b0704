"""A pattern that is compiled late does what `re` would do."""

from __future__ import annotations

import re

from bot.base.patterns import lazy_compile

WORD = lazy_compile(r"(?P<word>[a-z]+)", re.IGNORECASE)
BYTES = lazy_compile(rb"ID3|OggS")


def test_it_has_each_method_of_a_pattern() -> None:
    for _ in range(2):
        found = WORD.search("12 Cats")
        assert found is not None
        assert found["word"] == "Cats"
        assert WORD.match("12 Cats") is None
        assert WORD.fullmatch("Cats") is not None
        assert WORD.sub("x", "12 Cats, 3 dogs") == "12 x, 3 x"
        assert WORD.findall("12 Cats, 3 dogs") == ["Cats", "dogs"]
        assert [each.start() for each in WORD.finditer("a b")] == [0, 2]
        assert WORD.split("1a2") == ["1", "a", "2"]


def test_it_has_the_text_and_the_flags_that_it_was_made_from() -> None:
    assert WORD.pattern == r"(?P<word>[a-z]+)"
    assert WORD.flags & re.IGNORECASE
    assert dict(WORD.groupindex) == {"word": 1}


def test_it_may_be_one_of_bytes() -> None:
    assert BYTES.match(b"OggS\x00") is not None
    assert BYTES.match(b"RIFF") is None
