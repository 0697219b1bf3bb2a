"""Which roles may read each passage, for those who hear what was made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from knowledge.types import Passage

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank

PLACES = (
    "SELECT p.document_id, p.allow FROM place p JOIN document d ON d.id = p.document_id"
    " WHERE d.state = 'live' AND p.document_id IN (SELECT value FROM json_each(?))"
)


def allowed(bank: KnowledgeBank, passages: Iterable[Passage]) -> set[frozenset[str]]:
    """For each document that `passages` of `bank` come from, the roles that open one of its places.

    A document that is gone meanwhile is open to nobody: who hears of it cannot be told any more.
    """
    wanted = sorted({passage.document_id for passage in passages})
    roles: dict[int, frozenset[str]] = dict.fromkeys(wanted, frozenset())
    with bank.catalog.reading() as connection:
        for document, allow in connection.execute(PLACES, [json.dumps(wanted)]):
            roles[document] |= frozenset(json.loads(allow))
    return set(roles.values())
