"""What a judge said, read: a verdict or a grade in the shapes in which language models really give them.

Nothing is guessed: a reply with no verdict, with two of them, or with one off the scale raises `JudgeFailed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.judges.judgement import JudgeFailed
from eval.metrics.score import Score

SHOWN = 120


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns)


THOUGHT = r"(?:think|thinking|thought|reasoning|reflection)"
# Some servers leave the opening mark out; a model that ran out of tokens never comes to the closing one.
THOUGHT_ENDS = re.compile(rf"[<\[]/{THOUGHT}[>\]]", re.IGNORECASE)
THOUGHT_BEGINS = re.compile(rf"[<\[]{THOUGHT}[>\]]", re.IGNORECASE)
# Emphasis and tags, which may stand in the middle of "**4**/5".
DRESS = re.compile(r"\*\*|__|`(?!``)|</?[a-z_]+>", re.IGNORECASE)
FENCE = re.compile(r"^```\w*\n(.*?)\n?```\s*$", re.DOTALL)

# Marks of Markdown and the like, within a line. Bounded, as all that repeats here: no reply may make reading it slow.
MARKS = r"[^\w\n]{0,20}"
NAMED = r"(?:(?:my|the|final|overall|total)[ \t]+){0,3}"

ASKED = rf"{NAMED}(?:answer|verdict|conclusion|judge?ment|decision|result|supported)"
SAID = r"(?P<said>yes|no)\b"
# "No evidence" and "yes and no" begin like verdicts and are none.
BEGINS_REASON = r"(?:the|it|its|this|that|they|there|because|since|as|all|both)"
ENDED = rf"""(?=[ \t]*(?:$|[.,:;!)\]}}"'”’–—-])|[ \t]+{BEGINS_REASON}\b)"""
VERDICTS = (
    _any(rf"\A\W*{SAID}{ENDED}", rf"^{MARKS}{SAID}{MARKS}$", rf"^{MARKS}{ASKED}{MARKS}[:=>]\W*{SAID}{ENDED}"),
    _any(rf"\b{ASKED}\W+(?:is|would be){MARKS}{SAID}{ENDED}"),
)
VERDICT_FIELDS = ("verdict", "answer", "supported", "faithful", "decision", "result")

GRADED = NAMED + r"(?:score|grade|rating|result|total)(?:[ \t]*\([^)\n]{0,40}\))?"
NUMBER = (
    r"(?<![\d.,−-])(?P<said>\d{1,3}(?:\.\d{1,9}|,\d{1,2})?)(?![.,]?\d|[ \t]*(?:%|(?:-|–|—|to|or)[ \t]*\d))"
    r"(?:[ \t]*(?:/|out of|of)[ \t]*(?P<of>\d{1,3}(?:\.0{1,9})?))?(?!\w)"
)
OUT_OF = r"(?=\d{1,3}(?:\.\d{1,9})?[ \t]*(?:/|out of))"
UNIT = r"(?:[ \t]*(?:points?|stars?))?"
GRADES = (
    # What the prompt of relevancy asks for, on the same line or the next.
    _any(rf"\[?\bRESULT\]\W*{NUMBER}"),
    _any(rf"^{MARKS}{NUMBER}{UNIT}{MARKS}$", rf"^{MARKS}{GRADED}{MARKS}[:=>]\W*{NUMBER}{UNIT}"),
    _any(rf"\b{GRADED}\W+(?:(?:is|of|would be){MARKS})?{NUMBER}", OUT_OF + NUMBER),
    _any(rf"\A\W*{NUMBER}(?=[ \t]*[.):–—-][ \t]+\S|[ \t]+(?-i:[A-Z]))"),
)
GRADE_FIELDS = ("score", "grade", "rating", "result", "total")
# The second item of a list: the number before the first one was no grade.
ITEM = re.compile(r"^[ \t]*2[.)]", re.MULTILINE)

ENDS = ("", "\n", ".", "!", "?", ":", ";")

REASON_FIELDS = ("reason", "reasoning", "explanation", "feedback", "justification")
REASON = re.compile(rf"\A\W*(?:{'|'.join(REASON_FIELDS)}){MARKS}:\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Found:
    """A verdict or a grade as it was said; `of` is the highest grade where it was named."""

    said: str
    of: str | None
    start: int
    end: int


def read_verdict(reply: str) -> Score:
    """YES or NO as 1 or 0, with the reason; LlamaIndex takes every reply without "yes" for a no."""
    text = spoken(reply)
    if (fields := _fields(text)) is not None and (said := _field(fields, VERDICT_FIELDS)) is not None:
        value, reason = said, _field(fields, REASON_FIELDS) or ""
        found = re.fullmatch(rf"\W*{SAID}\W*", value, re.IGNORECASE)
        values = {found["said"].lower()} if found else set()
    else:
        spots, reason = _decisive(text, VERDICTS)
        values = {one.said.lower() for one in spots}
    if len(values) != 1:
        said_both = "both yes and no" if values else "neither yes nor no"
        raise JudgeFailed(f"The judge said {said_both}: {_shown(text)}")
    return Score(float(values == {"yes"}), reason)


def read_grade(reply: str, *, low: float, high: float) -> Score:
    """A grade from `low` to `high`, as a share of that scale, with the reason."""
    text = spoken(reply)
    if (fields := _fields(text)) is not None and (said := _field(fields, GRADE_FIELDS)) is not None:
        found = re.fullmatch(rf"\W*{NUMBER}\W*", said)
        spots = [_Found(found["said"], found["of"], 0, 0)] if found else []
        reason = _field(fields, REASON_FIELDS) or ""
    else:
        spots, reason = _decisive(text, GRADES[:-1] if ITEM.search(text) else GRADES)
    grades = {float(one.said.replace(",", ".")) for one in spots}
    on_scale = all(low <= grade <= high for grade in grades) and all(float(one.of or high) == high for one in spots)
    if len(grades) > 1:
        raise JudgeFailed(f"The judge gave more than one grade: {_shown(text)}")
    if not grades or not on_scale:
        raise JudgeFailed(f"The judge gave no grade from {low:g} to {high:g}: {_shown(text)}")
    return Score((grades.pop() - low) / (high - low), reason)


def spoken(reply: str) -> str:
    """The reply without thoughts, fence and emphasis; empty where it is thoughts alone."""
    text = THOUGHT_ENDS.split(reply)[-1]
    text = THOUGHT_BEGINS.split(text)[0].strip()
    fenced = FENCE.match(text)
    return DRESS.sub("", fenced[1] if fenced else text).strip()


def _decisive(text: str, tiers: Sequence[Sequence[re.Pattern[str]]]) -> tuple[list[_Found], str]:
    """What the first patterns find that find anything, and what is left of the text as the reason for it."""
    for patterns in tiers:
        matches = (match for pattern in patterns for match in pattern.finditer(text))
        found = [_Found(match["said"], match.groupdict().get("of"), *match.span()) for match in matches]
        if found:
            return found, _reason(text, found)
    return [], ""


def _reason(text: str, found: Sequence[_Found]) -> str:
    """The text around what was found, without the word that announces it."""
    kept, end = [], 0
    for one in sorted(found, key=lambda one: one.start):
        before = text[: one.start].rstrip(" \t")
        if before[-1:] not in ENDS and text[one.start] != "[":
            return text  # a part of a sentence
        kept.append(text[end : max(end, one.start)])
        end = max(end, one.end)
    rest = text[end:].lstrip(" .,:;!–—-*_)]}")
    return REASON.sub("", "".join([*kept, rest])).strip()


def _fields(text: str) -> Mapping[str, Any] | None:
    """The reply as a JSON object, where it is one."""
    if not text.startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except json.JSONDecodeError:
        return None
    return {str(name).lower(): value for name, value in fields.items()}


def _field(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first field of those names as it would be said."""
    value = next((fields[name] for name in names if name in fields), None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() if isinstance(value, str | int | float) else None


def _shown(text: str) -> str:
    return repr(text[:SHOWN]) if text else "no words beside its thoughts."
