"""Claims about documents are told from the running of a conversation by meaning, in phrases of every kind."""

from __future__ import annotations

import pytest

from agents.answers.speech import Around, Kind, Listener, is_asking
from agents.rag.library import local_embedder
from knowledge.settings import process_environment

HANDBOOK = (
    "Every employee has 25 days of annual leave a year.",
    "Part-time staff get a pro-rata share.",
    "Up to 5 unused days may be carried over until 31 March.",
    "Employees may work from home up to 3 days a week.",
    "Working from another country is limited to 20 days a year and needs approval from Payroll.",
    "Goods may be returned for a refund within 30 days of delivery.",
    "A restocking fee of 12 dollars is deducted from the refund of opened goods.",
)
HANDBUCH = (
    "Jeder Mitarbeiter hat 25 Tage bezahlten Urlaub im Jahr.",
    "Nicht genommene Tage verfallen Ende März.",
    "Das Passwort wird in den Einstellungen zurückgesetzt.",
)
QUESTIONS = (
    "How many days of annual leave do I have?",
    "My account is locked after three attempts",
    "I want a refund, please connect me with a human or escalate my case",
)
HANDED_OVER = (
    "I must escalate this case.",
    "I must escalate this case to a specialist.",
    "I need to escalate this to tier 2 support.",
    "This needs to be escalated.",
    "Let me escalate this for you.",
    "I will transfer you to a human agent.",
    "I'm handing this over to a colleague who can help.",
    "This issue requires escalation to our technical team.",
    "Escalating to a human.",
    "I cannot resolve this; passing it on to a specialist.",
    "Please hold while I connect you with a representative.",
    "A human colleague will take over from here.",
    "Your request has been escalated to our support team.",
    "Someone from second-level support has to look at this.",
    "Escalation required.",
    "Case escalated.",
    "ESCALATE",
)
TALK = (
    "Hello! How can I help you today?",
    "Let me look that up for you.",
    "I'm sorry, I can't help with that.",
    "Thank you for contacting us.",
    "I don't have enough information to answer.",
    "One moment please.",
    "I could not find this in the documents.",
    "I have opened a ticket for you.",
    "Give me a second to look into it.",
    "That information is not available to me.",
    "Sorry for the inconvenience.",
    "Here is what I found:",
    "I'm afraid I can't answer that.",
    "Your ticket has been created.",
)
CLAIMS = (
    "Employees may bring pets to the office.",
    "Every employee has 35 days of annual leave a year.",
    "Refunds are always granted, no matter when.",
    "Part-time staff get no leave at all.",
    "You can carry over all unused days forever.",
    "Working from another country needs no approval.",
    "The restocking fee was abolished.",
    "Opened goods cannot be returned.",
    "Leave must be requested two weeks ahead.",
    "You will receive a full refund today.",
    "The moon is made of cheese.",
    "The office is closed on Fridays.",
    "Interns get 40 days of leave.",
    "We send you a gold watch as a present.",
    "Your card includes free travel insurance.",
    "Delivery is free on Sundays.",
)
ELSEWHERE = (
    "Ich muss diesen Fall an einen Spezialisten weiterleiten.",
    "Je dois transférer ce dossier à un spécialiste.",
    "Debo escalar este caso a un especialista.",
    "Devo inoltrare questo caso a un collega.",
    "Мне нужно передать этот случай специалисту.",
    "我必须将此案例升级给专家。",
    "この件は専門家にエスカレーションする必要があります。",
    "Ich leite den Fall an einen Kollegen weiter.",
    "Eskalation an den zweiten Support-Level.",
    "Je transmets le dossier à un collègue.",
    "Le paso el caso a un compañero.",
    "Passo il caso a un collega.",
)
PERSONALHANDBUCH = (
    "Wer seinen Urlaub nehmen will, stellt bei der Personalabteilung einen Antrag.",
    "Die Personalabteilung wird den Antrag prüfen und innerhalb von drei Tagen entscheiden.",
    "Ein Antrag muss mindestens zwei Wochen vor dem Urlaub gestellt werden.",
    "Bei Krankheit ist ein Attest vorzulegen, das ein Arzt ausgestellt hat.",
    "Wenn Sie krank werden, haben Sie sich am ersten Tag bis neun Uhr bei Ihrem Vorgesetzten zu melden.",
    "Jeder Mitarbeiter hat 25 Tage bezahlten Urlaub im Jahr, und es werden keine weiteren Tage gewährt.",
    "Nicht genommene Tage verfallen Ende März, es sei denn, dass der Vorgesetzte etwas anderes erlaubt.",
    "Für Rückfragen steht Ihnen ein Kollege aus dem Personalbereich zur Verfügung.",
    "Haben Sie einen Fall von Diebstahl, so ist eine Anzeige bei der Polizei zu erstatten.",
)
FLIESSEND = (
    "Ein Mitarbeiter wird sich bei Ihnen melden.",
    "Bitte haben Sie einen Moment Geduld.",
    "Vielen Dank für Ihre Anfrage.",
    "Ich verbinde Sie mit einem Kollegen.",
    "Es tut mir leid, dass Sie Schwierigkeiten haben.",
    "Guten Tag und willkommen!",
    "Ein Kollege übernimmt Ihren Fall.",
    "Ihr Fall wird an einen Mitarbeiter übergeben.",
    "Ein Mensch wird sich das ansehen.",
    "Das kann ich Ihnen leider nicht sagen.",
)
BEHAUPTET = (
    "Jeder Mitarbeiter hat 35 Tage Urlaub im Jahr.",
    "Ein Antrag muss mindestens vier Wochen vor dem Urlaub gestellt werden.",
    "Nicht genommene Tage werden ausgezahlt.",
    "Bei Krankheit ist kein Attest nötig.",
    "Wenn Sie krank werden, melden Sie sich bei der Polizei.",
    "Die Personalabteilung prüft den Antrag innerhalb von zehn Tagen.",
)
JARGON = (
    "Metformin lowers HbA1c in adults by 2 percent.",
    "Use rustc with cargo clippy.",
)


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener(local_embedder(process_environment().cache))


@pytest.mark.parametrize("question", QUESTIONS)
def test_passing_a_case_on_is_no_claim_however_it_is_put(listener: Listener, question: str) -> None:
    heard = listener.hear(HANDED_OVER, Around(question, HANDBOOK))
    assert [said for said, one in zip(HANDED_OVER, heard, strict=True) if one.kind is not Kind.TALK] == []
    assert [said for said, one in zip(HANDED_OVER, heard, strict=True) if not one.hands_over] == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_other_talk_is_no_claim_and_passes_nothing_on(listener: Listener, question: str) -> None:
    heard = listener.hear(TALK, Around(question, HANDBOOK))
    assert [said for said, one in zip(TALK, heard, strict=True) if one.kind is not Kind.TALK] == []
    assert [said for said, one in zip(TALK, heard, strict=True) if one.hands_over] == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_could_stand_in_the_documents_is_a_claim(listener: Listener, question: str) -> None:
    heard = listener.hear(CLAIMS, Around(question, HANDBOOK))
    assert [said for said, one in zip(CLAIMS, heard, strict=True) if one.kind is not Kind.CLAIM] == []


def test_of_another_language_nobody_can_tell_unless_the_documents_speak_of_the_same(listener: Listener) -> None:
    for passages in (HANDBOOK, HANDBUCH):
        heard = listener.hear(ELSEWHERE, Around("Wie viele Urlaubstage habe ich?", passages))
        assert [said for said, one in zip(ELSEWHERE, heard, strict=True) if one.kind is Kind.CLAIM] == []
    claims = ["Jeder Mitarbeiter hat unbegrenzt Urlaub.", "Nicht genommene Tage werden ausgezahlt."]
    heard = listener.hear(claims, Around("Wie viele Urlaubstage habe ich?", HANDBUCH))
    assert {one.kind for one in heard} == {Kind.CLAIM}


def test_words_that_every_sentence_needs_make_no_claim_in_a_language_that_nobody_knows(listener: Listener) -> None:
    for question in ("Wie viele Urlaubstage habe ich?", "Mein Konto ist gesperrt, bitte helfen Sie mir."):
        heard = listener.hear(FLIESSEND, Around(question, PERSONALHANDBUCH))
        assert [said for said, one in zip(FLIESSEND, heard, strict=True) if one.kind is Kind.CLAIM] == []
        heard = listener.hear(BEHAUPTET, Around(question, PERSONALHANDBUCH))
        assert [said for said, one in zip(BEHAUPTET, heard, strict=True) if one.kind is not Kind.CLAIM] == []


def test_technical_terms_make_no_other_language(listener: Listener) -> None:
    heard = listener.hear(JARGON, Around(QUESTIONS[0], HANDBOOK))
    assert [said for said, one in zip(JARGON, heard, strict=True) if one.kind is not Kind.CLAIM] == []


def test_what_was_stated_is_restated_but_nothing_that_was_asked_or_counted_otherwise(listener: Listener) -> None:
    stated = "My account is locked after three attempts. Can I get 5 more?"
    assert listener.restates("the customer's account is locked.", stated)
    assert listener.restates("account locked", stated)
    assert not listener.restates("you can get more attempts.", stated)
    assert not listener.restates("the account is locked after 9 attempts.", stated)
    assert not listener.restates("employees have unlimited leave.", stated)
    assert not listener.restates("the account is locked.", "Is my account locked?")


def test_what_documents_say_about_escalation_is_a_claim(listener: Listener) -> None:
    policy = (
        "Incidents are escalated to the on-call engineer within 15 minutes.",
        "Refunds above 500 go to a manager.",
    )
    said = ["Incidents are escalated to the on-call engineer within 45 minutes."]
    [heard] = listener.hear(said, Around("When are incidents escalated?", policy))
    assert (heard.kind, heard.hands_over) == (Kind.CLAIM, False)


def test_what_a_tool_did_is_no_claim_about_the_documents(listener: Listener) -> None:
    said = ["The balance of your account is 500 dollars."]
    around = Around("How much money do I have?", HANDBOOK)
    happened = ("lookup account: Look up the balance of an account.", '{"account": "A-7", "balance_in_dollars": 500}')
    assert listener.hear(said, around)[0].kind is Kind.CLAIM
    [heard] = listener.hear(said, Around(around.question, HANDBOOK, happened))
    assert heard.kind is Kind.TALK


@pytest.mark.parametrize("question", ["Which card?", "Which card do you mean? ", "哪张卡？", "*Which card?*", "“Why?”"])
def test_what_is_asked_claims_nothing(listener: Listener, question: str) -> None:
    assert is_asking(question)
    assert listener.hear([question], Around("Cards", HANDBOOK))[0].kind is Kind.TALK


def test_nothing_said_is_nothing_heard(listener: Listener) -> None:
    assert listener.hear([], Around("", ())) == []
    assert listener.hear(["..."], Around("", ()))[0].kind is not Kind.TALK
