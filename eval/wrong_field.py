"""What pydantic found wrong, in the words of our messages."""

from __future__ import annotations

from pydantic import ValidationError

WORDS = {
    "model_type": "expected an object",
    "dataclass_type": "expected an object",
    "string_type": "expected text",
    "string_too_short": "expected text",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "dict_type": "expected an object",
    "missing": "is missing",
    "unexpected_keyword_argument": "there is no such field",
    "extra_forbidden": "there is no such field",
}


def wrong_field(error: ValidationError) -> tuple[str, str]:
    """The first field that is wrong, empty where it is the whole, and what is wrong with it, without a full stop."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    words = WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    # The line is the only one that pydantic has seen, and no line of the file.
    return ".".join(str(part) for part in first["loc"]), words.replace(" at line 1 column", ", column").rstrip(".")
