"""What the service itself says to customers, in German; `{}` stands for what a sentence names, in the same order."""

from __future__ import annotations

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {
    # answers
    "The documents do not answer this question.": "Die Dokumente beantworten diese Frage nicht.",
    "Would you like to talk to a person?": "Möchten Sie mit einem Menschen sprechen?",
    "I am passing this on to a colleague, who will answer here.": (
        "Ich gebe das an eine Kollegin oder einen Kollegen weiter. Die Antwort kommt hier."
    ),
    "This answer rests on documents that you may not read.": (
        "Diese Antwort beruht auf Dokumenten, die Sie nicht lesen dürfen."
    ),
    "Stopped.": "Angehalten.",
    # courtesies
    "Hello! What would you like to know?": "Guten Tag! Was möchten Sie wissen?",
    "You are welcome. Is there anything else that you would like to know?": (
        "Gern geschehen. Möchten Sie noch etwas wissen?"
    ),
    "Is there anything else that you would like to know?": "Möchten Sie noch etwas wissen?",
    "Goodbye!": "Auf Wiedersehen!",
    "I answer from the documents, and show where each sentence stands. Ask me something about them.": (
        "Ich antworte aus den Dokumenten und zeige, wo jeder Satz steht. Fragen Sie mich etwas zu ihnen."
    ),
    # turns
    "Something went wrong here.": "Hier ist etwas schiefgegangen.",
    "The answer took too long.": "Die Antwort hat zu lange gedauert.",
    "This conversation has become too long to go on with.": "Dieses Gespräch ist zu lang geworden, um es fortzusetzen.",
    "Too many questions are being asked right now.": "Gerade werden zu viele Fragen gestellt.",
    "The question cannot be answered right now.": "Die Frage kann gerade nicht beantwortet werden.",
    "Wait a little, then ask again.": "Warten Sie etwas, und fragen Sie dann noch einmal.",
    "Try again later.": "Versuchen Sie es später noch einmal.",
    "The answer took too long:": "Die Antwort hat zu lange gedauert:",
    "The answer was stopped:": "Die Antwort wurde angehalten:",
    "The service was stopped before this was answered. Please try again.": (
        "Der Dienst wurde angehalten, bevor das beantwortet war. Bitte versuchen Sie es noch einmal."
    ),
    "The question before is still being answered:": "Die Frage davor wird noch beantwortet:",
    "The service is being restarted:": "Der Dienst wird gerade neu gestartet:",
    "Too many questions wait already:": "Es warten schon zu viele Fragen:",
    "This conversation is closed:": "Diese Unterhaltung ist geschlossen:",
    "This conversation is long enough:": "Diese Unterhaltung ist lang genug:",
    "A person answers in this conversation now.": "In dieser Unterhaltung antwortet jetzt ein Mensch.",
    "Nobody stands behind this service.": "Hinter diesem Dienst steht kein Mensch bereit.",
    "Another message has this id:": "Eine andere Nachricht hat diese Kennung:",
    "There is no such conversation.": "Diese Unterhaltung gibt es nicht.",
    "There is no such message.": "Diese Nachricht gibt es nicht.",
    "There is no such message in this conversation.": "Diese Nachricht gibt es in dieser Unterhaltung nicht.",
    "There is no such answer.": "Diese Antwort gibt es nicht.",
    "There is no such citation.": "Diese Fundstelle gibt es nicht.",
    "The conversation was deleted meanwhile.": "Die Unterhaltung wurde inzwischen gelöscht.",
    # limits
    "Too many requests in a short time.": "Das waren zu viele Anfragen in kurzer Zeit.",
    "Too many answers are being written at once.": "Es werden zu viele Antworten gleichzeitig geschrieben.",
    "This question has {} characters.": "Diese Frage hat {} Zeichen.",
    "This request holds more than {}.": "Diese Anfrage enthält mehr als {}.",
    "No file was sent:": "Es wurde keine Datei gesendet:",
    "Two of the files have one name:": "Zwei der Dateien haben denselben Namen:",
    "{} cannot be the name of a file:": "{} kann kein Name einer Datei sein:",
    # who calls
    "This session is over.": "Diese Sitzung ist zu Ende.",
    "This request does not come from our own page.": "Diese Anfrage kommt nicht von unserer eigenen Seite.",
    "This needs a key or a session.": "Dafür ist ein Schlüssel oder eine Sitzung nötig.",
    # language models
    "{} at {} gave no answer in time:": "{} unter {} hat nicht rechtzeitig geantwortet:",
    "{} at {} returned an empty answer:": "{} unter {} hat leer geantwortet:",
    "{} at {} needs a key:": "{} unter {} braucht einen Schlüssel:",
    "No model server can be reached at {}:": "Unter {} ist kein Sprachmodell zu erreichen:",
    "{} failed with HTTP status {} ({}):": "{} hat mit dem HTTP-Status {} versagt ({}):",
    "{} refuses the key:": "{} weist den Schlüssel zurück:",
    "{} does not know the model {}:": "{} kennt das Modell {} nicht:",
    "{} broke off its answer:": "{} hat die Antwort abgebrochen:",
    "{} takes no more requests now ({}):": "{} nimmt gerade keine Anfragen mehr an ({}):",
    "The key may not use {} at {}:": "Der Schlüssel darf {} unter {} nicht nutzen:",
    "The conversation is too long for {} ({}):": "Die Unterhaltung ist zu lang für {} ({}):",
    # what to do
    "Ask again, or ask for less.": "Fragen Sie noch einmal, oder fragen Sie nach weniger.",
    "ask again, or ask for less.": "fragen Sie noch einmal, oder fragen Sie nach weniger.",
    "ask again.": "fragen Sie noch einmal.",
    "ask a shorter question, or start a new chat.": "fragen Sie kürzer, oder beginnen Sie eine neue Unterhaltung.",
    "Ask with at most {}.": "Fragen Sie mit höchstens {}.",
    "Begin a new one.": "Beginnen Sie eine neue.",
    "begin a new one.": "beginnen Sie eine neue.",
    "check its name, and that the address ends in /v1.": "prüfen Sie den Namen, und dass die Adresse auf /v1 endet.",
    "check the address, and that the server runs.": "prüfen Sie die Adresse, und ob der Server läuft.",
    "check the quota and the billing of the account.": "prüfen Sie Kontingent und Abrechnung des Kontos.",
    "check {}.": "prüfen Sie {}.",
    "Let one end first.": "Warten Sie, bis eine zu Ende ist.",
    "name each differently.": "geben Sie jeder einen eigenen.",
    "name the file, such as handbook.pdf.": "benennen Sie die Datei, etwa handbuch.pdf.",
    "Open the chat again.": "Öffnen Sie die Unterhaltung neu.",
    "Open the conversation again.": "Öffnen Sie die Unterhaltung noch einmal.",
    "Reload the page, then try again.": "Laden Sie die Seite neu, und versuchen Sie es noch einmal.",
    "send each message under an id of its own.": "senden Sie jede Nachricht unter einer eigenen.",
    "Send less at once.": "Senden Sie weniger auf einmal.",
    "send one or more as multipart/form-data, in the field `file`.": (
        "senden Sie eine oder mehrere als multipart/form-data, im Feld `file`."
    ),
    "set {}, and {} to the same address so that the key is sent there.": (
        "setzen Sie {}, und {} auf dieselbe Adresse, damit der Schlüssel dorthin gesendet wird."
    ),
    "set {}, or pass `api_key`.": "setzen Sie {}, oder geben Sie `api_key` an.",
    "Send `Authorization: Bearer rd_…`, or open the page first.": (
        "Senden Sie `Authorization: Bearer rd_…`, oder öffnen Sie erst die Seite."
    ),
    "Try again.": "Versuchen Sie es noch einmal.",
    "try again.": "versuchen Sie es noch einmal.",
    "try again in a moment.": "versuchen Sie es gleich noch einmal.",
    "try again later.": "versuchen Sie es später noch einmal.",
    "try again soon.": "versuchen Sie es bald noch einmal.",
    "try again, or name another model.": "versuchen Sie es noch einmal, oder nennen Sie ein anderes Modell.",
    "try again, or raise its `timeout` in refdesk.yaml.": (
        "versuchen Sie es noch einmal, oder erhöhen Sie `timeout` in refdesk.yaml."
    ),
    "use another model or another key.": "nehmen Sie ein anderes Modell oder einen anderen Schlüssel.",
    "Wait a moment, then try again.": "Warten Sie einen Augenblick, und versuchen Sie es noch einmal.",
    "wait a little, or check the quota.": "warten Sie ein wenig, oder prüfen Sie das Kontingent.",
    "wait for the answer, or stop it.": "warten Sie auf die Antwort, oder halten Sie sie an.",
}
