"""A language model of known latency behind OpenAI's protocol, in a process of its own: prints its address.

It searches once, then answers with sentences of the documents, streamed evenly in pieces.
"""

from __future__ import annotations

import sys

from agents.testing import Reply, Request, ScriptedServer, tool_call

FACTS = (
    "Expedited shipping takes 2 to 3 business days.",
    "Standard delivery takes 10 business days.",
    "A replacement card costs nothing.",
    "Expedited shipping costs 15 dollars.",
    "Cards are sent by registered mail.",
    "A new card is activated by telephone.",
)
ANSWER = " ".join(f"{fact.removesuffix('.')} [1]." for fact in FACTS)
PIECE = 8
# The part of the answer after which its first sentence is known to be whole: another has begun.
FIRST_SENTENCE = PIECE * -(-(ANSWER.index(".") + 3) // PIECE) / len(ANSWER)


def reply_of(request: Request, seconds: float) -> Reply:
    """A search first, then the answer: each after `seconds`, and the answer streamed within as many again."""
    if request.messages[-1]["role"] == "tool":
        pieces = -(-len(ANSWER) // PIECE)
        return Reply(ANSWER, delay=seconds, piece=PIECE, pause=seconds / pieces)
    called = tool_call("search_documents", query="replacement card shipping")
    return Reply(tool_calls=called.tool_calls, delay=seconds)


def main() -> None:
    """Serve until standard input ends."""
    seconds = float(sys.argv[1])
    with ScriptedServer([lambda request: reply_of(request, seconds)]) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
