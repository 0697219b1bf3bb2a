"""Words that ask, and do not say what is asked about: "how do I", "what does it".

They are rare in documents, so BM25 would take them for telling. Where documents use them they stay indexed. Of each
language only those are listed that are no stop words of the index anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# "May" is a month, "US" a country and "one" a number: these are kept.
ENGLISH = """
    what which who whom whose when where why how whether
    do does did doing done can cannot could would should shall might must has have had having were been being am
    i me my myself we our ours you your yours yourself he him his she her hers its them
    don doesn didn isn aren wasn weren won wouldn couldn shouldn haven hasn hadn ain
    please tell hi hello hey thanks thank
"""
GERMAN = """
    wer wen wem wessen wann woher wohin warum wieso weshalb wieviel müssen darf dürfen sollen gibt bitte hallo danke
"""
FRENCH = """
    comment combien pourquoi quand où quoi est puis peut peux peuvent pouvez dois doit faut bonjour merci svp plaît
"""
SPANISH = """
    cómo cuánto cuánta cuántos cuántas cuándo dónde quién quiénes cuál cuáles puedo puede pueden podemos debo debe
    usted ustedes hola gracias
"""
ITALIAN = "quando cosa quali posso può possono possiamo devo deve ciao grazie"
PORTUGUESE = """
    quanto quanta quantos quantas onde quais porque posso pode podem podemos devo deve têm é olá obrigado obrigada
"""
DUTCH = """
    wanneer waar waarom welke welk hoeveel kunt moeten mag mogen wij we onze jij jouw hallo dank bedankt
"""
ASKING: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "de": GERMAN, "en": ENGLISH, "es": SPANISH, "fr": FRENCH, "it": ITALIAN, "nl": DUTCH, "pt": PORTUGUESE,
    }.items()
}  # fmt: skip
WORD = re.compile(r"\w+")
CONTRACTED = re.compile(r"['’](?:s|t|m|d|re|ve|ll)\b", re.IGNORECASE)


def without_asking(text: str, language: str) -> str:
    """`text` without the words that only ask; all of it where nothing else would be left.

    A word in capitals may be a name, as WHO is, unless all is in capitals.
    """
    words = ASKING.get(language)
    if words is None:
        return text
    shouted = text.isupper()

    def kept(match: re.Match[str]) -> str:
        word = match[0]
        is_name = len(word) > 1 and word.isupper() and not shouted
        return word if is_name or word.lower() not in words else " "

    rest = WORD.sub(kept, CONTRACTED.sub(" ", text) if language == "en" else text)
    return rest if WORD.search(rest) else text
