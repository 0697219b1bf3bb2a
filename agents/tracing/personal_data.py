"""Personal data in running text, found by form and, where there is one, by its check digits.

Nothing is guessed from words: names and addresses of houses stay. A form that many other things have, such as a number
of ten digits, is taken for personal data only where its check digits or its way of writing say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

EMAIL, CARD, IBAN, PHONE = "[e-mail]", "[card]", "[iban]", "[phone]"

# Every form begins where no word or number goes on, so that a long run of letters is looked at once, not once a letter.
_EMAIL = re.compile(r"(?<![\w.+'%-])[\w.+'%-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_DIGITS = re.compile(r"(?<![\w.,+-])\d(?:[ .\u00a0-]?\d){12,}(?!\w)")
_GROUP = re.compile(r"\d+")
_IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}(?=\d{2})")
_IBAN_REST = re.compile(r"(?:[A-Za-z0-9][ \u00a0-]?){15,40}")
_PHONE = re.compile(
    r"(?<![\w.+/:-])(?:"
    r"(?:\+|00)[1-9](?:[ \u00a0./-]{0,3}(?:\(\d{1,5}\)[ \u00a0./-]{0,3})?\d){6,14}"  # with the country
    r"|\(0?\d{2,5}\)[ \u00a0]?\d(?:[ \u00a0./-]?\d){4,10}"  # (030) 1234567, (555) 123-4567
    r"|0[1-9]\d{0,4}[ \u00a0/-]\d(?:[ \u00a0-]?\d){4,9}"  # 030 1234567, 0171-2345678
    r"|0[1-9]\d{7,10}"  # 01712345678
    r"|[2-9]\d{2}[ .-]\d{3}[ .-]\d{4}"  # 555-123-4567
    r")(?![\w-]|[.:]\d)"
)
# The countries' lengths, from the registry of ISO 13616.
_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FO FI GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ XK LT LU MN",
        "21": "HR LV LI CH",
        "22": "BH BG CR GE DE IE ME RS GB VA",
        "23": "GI IL IQ OM SO TL AE",
        "24": "AD CZ MD PK RO SA SK ES SE TN VG DJ DZ",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "FR GR IT MC SM MR BI",
        "28": "AL AZ CY DO GT HU LB PL NI SV BY",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
SHORTEST_CARD, LONGEST_CARD, FIRST_GROUP = 13, 19, 4
# What cards in use begin with; times in milliseconds begin with 1.
_CARD_STARTS = "23456"


def without_personal_data(text: str) -> str:
    """The same text with e-mail addresses, card numbers, IBANs and telephone numbers replaced by what they are."""
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(EMAIL, text)
    if not any(character.isdigit() for character in text):
        return text
    text = _replaced(text, _ibans(text), IBAN)
    text = _replaced(text, _cards(text), CARD)
    return _PHONE.sub(PHONE, text)


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO 7812 (Luhn)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether this, without blanks, has the length of its country and the check digits of ISO 13616 (97)."""
    text = text.upper()
    if _LENGTHS.get(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def _replaced(text: str, spans: Iterable[tuple[int, int]], label: str) -> str:
    parts, position = [], 0
    for start, end in spans:
        if start >= position:
            parts += [text[position:start], label]
            position = end
    return "".join((*parts, text[position:]))


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand in runs of groups of digits: whole groups only, the longest first."""
    for run in _DIGITS.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            found = _card(text, groups, first)
            if found is not None:
                yield groups[first][0], groups[found][1]
                first = found
            first += 1


def _card(text: str, groups: Sequence[tuple[int, int]], first: int) -> int | None:
    """The last group of the card number that begins with the group `first`, if one does.

    It is written in one piece, or in groups of which the first has four digits.
    """
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += text[slice(*groups[last])]
        if len(digits) > LONGEST_CARD or (last > first and groups[first][1] - groups[first][0] != FIRST_GROUP):
            break
        if len(digits) >= SHORTEST_CARD and digits[0] in _CARD_STARTS and passes_luhn(digits):
            found = last
    return found


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where an IBAN stands, in one piece or in groups; words may follow it."""
    for start in _IBAN_START.finditer(text):
        length = _LENGTHS.get(start.group().upper(), 0)
        rest = _IBAN_REST.match(text, start.start())
        if not length or rest is None:
            continue
        places = [place for place in range(*rest.span()) if text[place].isalnum()][: length + 1]
        if len(places) < length:
            continue
        end = places[length - 1] + 1
        goes_on = len(places) > length and places[length] == end
        if not goes_on and is_iban("".join(text[place] for place in places[:length])):
            yield start.start(), end
