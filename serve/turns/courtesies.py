"""What is said to a message that asks nothing: a greeting, thanks, a farewell. No document answers those."""

from __future__ import annotations

import re
from collections.abc import Mapping

HELLO = "Hello! What would you like to know?"
WELCOME = "You are welcome. Is there anything else that you would like to know?"
ALL_RIGHT = "Is there anything else that you would like to know?"
GOODBYE = "Goodbye!"
ABOUT = "I answer from the documents, and show where each sentence stands. Ask me something about them."
SENTENCES = (HELLO, WELCOME, ALL_RIGHT, GOODBYE, ABOUT)
WORDS = re.compile(r"\w+(?:['’]\w+)?")
LONGEST = 10
# Whole messages, in the languages of the page; one that says several is answered by the last.
SAID = {
    HELLO: """hi|hello|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|good day|greetings
        |how are you|how are you doing|hallo|guten tag|guten morgen|guten abend|grüß gott|grüezi|servus|moin
        |wie geht es dir|wie geht es ihnen|wie geht's""",
    WELCOME: """thanks|thank you|thanks a lot|thank you very much|thank you so much|many thanks|thx|ty|cheers|danke
        |danke schön|danke sehr|dankeschön|vielen dank|herzlichen dank|besten dank|tausend dank|merci""",
    ALL_RIGHT: """ok|okay|great|perfect|nice|cool|got it|i see|all right|alright|understood|alles klar|gut|sehr gut
        |super|prima|verstanden|in ordnung|passt""",
    GOODBYE: """bye|bye bye|goodbye|good bye|see you|see you later|good night|have a nice day|tschüss|tschüs|ciao
        |auf wiedersehen|bis bald|bis später|gute nacht|schönen tag noch""",
    ABOUT: """who are you|what are you|what can you do|what do you do|are you a bot
        |are you human|are you a robot|what can i ask|what can i ask you|help|wer bist du|wer sind sie|was kannst du
        |was können sie|hilfe|bist du ein bot|bist du ein mensch|was kann ich fragen""",
}
KINDS: Mapping[tuple[str, ...], str] = {
    tuple(phrase.split()): answer for answer, phrases in SAID.items() for phrase in phrases.split("|")
}
MOST = max(map(len, KINDS))


def courtesy(text: str) -> str | None:
    """What is said to `text`, in English; None where it may ask something."""
    words = [word.replace("’", "'") for word in WORDS.findall(text.casefold())]
    if not words or len(words) > LONGEST:
        return None
    answer: str | None = None
    while words:
        size = _longest(words)
        if not size:
            return None
        answer, words = KINDS[tuple(words[:size])], words[size:]
    return answer


def _longest(words: list[str]) -> int:
    """How many words the longest phrase takes that these begin with."""
    return max((size for size in range(1, min(MOST, len(words)) + 1) if tuple(words[:size]) in KINDS), default=0)
