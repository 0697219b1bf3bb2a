from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.decoding import decode, looks_binary, visible

SENTENCE = "Größe, naïve café: Ünïcödé"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"])
def test_western_text_is_read_in_every_common_encoding(encoding: str) -> None:
    decoded = decode(SENTENCE.encode(encoding))
    assert decoded.text == SENTENCE
    assert decoded.notes == ()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("東京都の天気は晴れです。会議は三時に始まります。", "shift_jis"),
        ("Привет, мир. Это простой текст на русском языке.", "cp1251"),
        ("Привет, мир. Это простой текст на русском языке.", "koi8_r"),
        ("Zażółć gęślą jaźń, witaj świecie", "iso8859_2"),
        ("안녕하세요 세계 오늘 날씨", "cp949"),
    ],
)
def test_older_encodings_are_recognised(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


def test_a_declared_encoding_is_believed_when_it_fits() -> None:
    assert decode("Γειά σου Κόσμε".encode("cp1253"), declared="windows-1253").text == "Γειά σου Κόσμε"


@pytest.mark.parametrize("declared", ["utf-7", "idna", "rot13", "undefined", "no such thing", "\0"])
def test_a_declared_encoding_that_is_none_is_ignored(declared: str) -> None:
    assert decode(b"caf\xe9", declared=declared).text == "café"


def test_a_few_broken_bytes_do_not_cost_the_rest() -> None:
    decoded = decode("Größe und Übermaß, ".encode() * 5 + b"\xff\xfe end")
    assert decoded.text.endswith("end")
    assert decoded.text.startswith("Größe")
    assert decoded.notes == ("Bytes that are not utf-8 were replaced in 2 places.",)


def test_control_characters_become_spaces_so_that_spans_still_hold() -> None:
    assert decode(b"a\0b\x1bc\x7fd\te\r\nf").text == "a b c d\te\r\nf"


def test_what_nobody_sees_can_be_taken_out() -> None:
    assert visible("pass\u200bword re\xadset \u202eabc\u202c") == "password reset abc"
    assert visible("👩\u200d💻") == "👩\u200d💻"


@given(st.binary())
@example(b"\xff\xfe\x00\xd8")
@example(b"\xef\xbb\xbf")
@example(b"\x00\x00\xfe\xff\xff\xff\xff\xff")
def test_any_bytes_become_sound_text(data: bytes) -> None:
    text = decode(data).text
    assert text.encode("utf-8").decode("utf-8") == text
    assert "\0" not in text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text[0] != "\ufeff"))
def test_utf8_is_read_as_written(text: str) -> None:
    data = text.encode()
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert decode(data).text == text


@pytest.mark.parametrize("size", [100, 1000, 100_000])
def test_random_bytes_are_no_text(size: int) -> None:
    assert looks_binary(os.urandom(size))


def test_text_is_text_in_any_encoding() -> None:
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252"):
        assert not looks_binary((SENTENCE * 50).encode(encoding))
    assert not looks_binary(b"# a\0b\0\n\nbody text\0 end\n")
    assert not looks_binary(b"\x1b[31mred\x1b[0m plain words of a log file\n" * 20)
