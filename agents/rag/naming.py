"""The bank that a knowledge id stands for."""

from __future__ import annotations

import hashlib
import re

from knowledge.card import check_bank_name
from knowledge.errors import InvalidBankName, UsageError

OTHER = re.compile(r"[^a-z0-9_]+")
LONGEST_STEM = 40
DIGITS = 10


def bank_name(knowledge_id: str) -> str:
    """The name of the bank: the id itself where it can name one, else what is left of it and a hash of the whole.

    Two ids never share a bank, whatever characters they are made of. Raises `UsageError` for an empty id.
    """
    if not isinstance(knowledge_id, str) or not knowledge_id.strip():
        raise UsageError(f"{knowledge_id!r} is not a knowledge id:", hint="give a text such as 'company_docs'.")
    try:
        return check_bank_name(knowledge_id)
    except InvalidBankName:
        stem = OTHER.sub("-", knowledge_id.lower()).strip("-_")[:LONGEST_STEM]
        digest = hashlib.sha256(knowledge_id.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
        return f"{stem or 'bank'}-{digest}"
