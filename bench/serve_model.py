"""A language model of known latency behind OpenAI's protocol, in a process of its own: prints its address.

It searches once, then answers with a sentence of the documents, streamed in pieces.
"""

from __future__ import annotations

import sys

from agents.testing import Reply, Request, ScriptedServer, tool_call

ANSWER = "Expedited shipping takes 2 to 3 business days [1]. Standard delivery takes 10 days [1]."
PIECE = 8


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
