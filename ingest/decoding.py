"""From bytes to text: any encoding, never a NUL, never an exception."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from knowledge.types import INVISIBLE

# Longer marks first: UTF-32's little-endian mark begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LEGACY = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859_2", "koi8_r"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
TEXT_ENCODING = re.compile(r"cp\d|iso8859|koi8|mac|euc_|gb18030|big5")
SAMPLE = 64 * 1024
# Line breaks, tabs and form feeds are white space; every other control character is noise or worse.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\f\r") | {127})
WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüßÿœŒÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜ€‚„…‰‹›‘’“”•–—™¡£§©ª«®°±²³´·º»½¼¾×\u00a0"
)
FOREIGN_WORD = re.compile(r"[^\x00-\x7f\W]{3}|\w¡|[ºª]\w")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in, and a note where something could not be read."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, *, declared: str = "") -> Decoded:
    """The text of `data`, whatever its encoding; never raises.

    Tried in order: byte order mark, the pattern of NUL bytes, UTF-8, `declared`, detection. One code point
    of the result stands for each one of the file: control characters become spaces, the mark is left out.
    """
    data, encoding = _marked(data)
    encoding = encoding or _wide(data) or ("utf-8" if _is_valid(data, "utf-8") else "")
    encoding = encoding or _declared(data, declared) or _legacy(data)
    text = data.decode(encoding, errors="replace")
    lost = text.count("\ufffd")
    notes = (f"Bytes that are not {encoding} were replaced in {lost} places.",) if lost else ()
    return Decoded(without_controls(text), encoding, notes)


def without_controls(text: str) -> str:
    """`text` with every control character and lone surrogate replaced by one space, so that spans still hold."""
    return CONTROL.sub(" ", text)


def visible(text: str) -> str:
    """`text` without control characters and without the characters nobody sees."""
    return INVISIBLE.sub("", without_controls(text))


def looks_binary(data: bytes) -> bool:
    """Whether `data` is something else than text in any encoding."""
    head = data[:SAMPLE]
    if _marked(head)[1] or _wide(head):
        return False
    controls = len(head) - len(head.translate(None, CONTROL_BYTES))
    # Random bytes hold a ninth of control characters; text with colour codes or stray NULs is still UTF-8.
    share = 0.2 if _is_valid(head[:-3] or head, "utf-8") else 0.05
    return controls > share * len(head) and controls > 1


def _marked(data: bytes) -> tuple[bytes, str]:
    """The data without its byte order mark, and the encoding that the mark names."""
    return next(((data[len(mark) :], name) for mark, name in MARKS if data.startswith(mark)), (data, ""))


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, told by where its NUL bytes stand; empty if neither."""
    head = data[:4096]
    lanes = [head[lane::4].count(0) for lane in range(4)]
    quarter = len(head) // 4
    if quarter < 2 or 0 not in head:
        return ""
    full = [count >= 0.9 * quarter for count in lanes]
    if full == [False, True, True, True]:
        return "utf-32-le"
    if full == [True, True, True, False]:
        return "utf-32-be"
    even, odd = lanes[0] + lanes[2], lanes[1] + lanes[3]
    if odd > 0.6 * quarter and even < 0.1 * odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * quarter and odd < 0.1 * even else ""


def _declared(data: bytes, label: str) -> str:
    """The encoding that a document claims, where it is one of text and fits; browsers read Latin-1 as its superset."""
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    name = {"iso8859-1": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)
    return name if TEXT_ENCODING.match(name) and _is_valid(data, name) else ""


def _is_valid(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _legacy(data: bytes) -> str:
    """The most likely encoding of text that is not Unicode."""
    sample = _sample(data)
    if _mostly_utf8(sample):
        return "utf-8"
    if _is_western(sample):
        return "cp1252"
    # Loaded here because most files are UTF-8 and never need it.
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=LEGACY).best()
    return best.encoding if best else "cp1252"


def _sample(data: bytes) -> bytes:
    """Whole lines around the first byte beyond ASCII: what tells encodings apart."""
    found = re.search(rb"[\x80-\xff]", data)
    start = data.rfind(b"\n", 0, found.start()) + 1 if found else 0
    end = data.rfind(b"\n", start, start + SAMPLE)
    return data[start:] if end <= start or len(data) - start <= SAMPLE else data[start:end]


def _mostly_utf8(sample: bytes) -> bool:
    """Whether more characters beyond ASCII are sound UTF-8 than are broken."""
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) - broken > broken


def _is_western(sample: bytes) -> bool:
    """Whether the sample reads as Windows-1252: likely characters only, and none of them in long runs."""
    text = sample.decode("cp1252", errors="replace")
    return not FOREIGN_WORD.search(text) and all(char <= "\x7f" or char in WESTERN for char in text)
