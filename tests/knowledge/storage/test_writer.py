from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.bank import KnowledgeBank
from knowledge.errors import BankBusy, BankDamaged, BankNotFound, BankTooNew, EmbedderMismatch, InvalidBankName
from knowledge.library import Library
from knowledge.storage.indexed_texts import compact
from knowledge.storage.lexical import OF_CHUNKS, OF_DOCUMENTS, Postings, PostingsWriter
from knowledge.storage.schema import connect
from knowledge.storage.writer import BankWriter
from knowledge.testing import HashingEmbedder
from knowledge.types import ANYONE, Chunk, NewDocument, NewPlace, Reader

EMBEDDER = HashingEmbedder()
STAFF = Reader(frozenset({"staff"}))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path, embedders=lambda spec: EMBEDDER)


@pytest.fixture
def bank(library: Library) -> Iterator[KnowledgeBank]:
    bank = library.create("handbook")
    yield bank
    bank.close()


def document(
    uri: str, *paragraphs: str, source: int = 1, title: str = "", allow: Sequence[str] = ("public",)
) -> NewDocument:
    text = "\n\n".join(paragraphs)
    chunks, start = [], 0
    for paragraph in paragraphs:
        chunks.append(Chunk(start, start + len(paragraph), paragraph, title))
        start += len(paragraph) + 2
    return NewDocument(
        content_key=f"key of {title} {text}",
        title=title or uri,
        text=text,
        media_type="text/plain",
        chunks=tuple(chunks),
        vectors=EMBEDDER.embed([chunk.indexed_text for chunk in chunks]),
        places=(NewPlace(source, uri, frozenset(allow), len(text), 1),),
    )


def commit(writer: BankWriter, *documents: NewDocument) -> None:
    assert writer.source("folder", "/docs") == 1
    writer.commit(documents)


def test_what_was_committed_is_found_with_its_span_and_place(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "Rain falls in spring.", "Snow falls in winter.", title="Weather"))
    passage = bank.search("When does snow fall?", k=1)[0]
    assert passage.text == "Snow falls in winter."
    assert (passage.uri, passage.title, passage.bank) == ("a.md", "Weather", "handbook")
    text = bank.document(passage.document_id).text
    assert text[passage.start : passage.end] == passage.text
    assert bank.verify().sound


def test_a_changed_document_replaces_the_old_one_everywhere(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "The fee is five."), document("b.md", "Unrelated words."))
    with bank.writer() as writer:
        commit(writer, document("a.md", "The fee is seven."))
    assert {passage.text for passage in bank.search("fee", k=10)} == {"The fee is seven.", "Unrelated words."}
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert (verification.documents, verification.postings) == (2, 2)
    assert not verification.notes


def test_a_deleted_document_leaves_no_passage_behind(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "The fee is five."), document("b.md", "Unrelated words."))
    with bank.writer() as writer:
        writer.remove_places([writer.places(1)["a.md"]])
    assert [passage.uri for passage in bank.search("fee", k=10)] == ["b.md"]
    assert bank.verify().postings == 1


def test_the_same_bytes_in_two_places_are_indexed_once_and_shown_where_the_reader_may_look(bank: KnowledgeBank) -> None:
    secret = document("internal/a.md", "The override code is 7291.", title="Codes", allow=("staff",))
    public = replace(secret, places=(NewPlace(1, "public/a.md"),))
    with bank.writer() as writer:
        commit(writer, secret)
    assert bank.search("override code") == ()
    with bank.writer() as writer:
        commit(writer, secret, public)
    assert [passage.uri for passage in bank.search("override code")] == ["public/a.md"]
    assert [passage.uri for passage in bank.search("override code", reader=STAFF)] == ["internal/a.md"]
    assert bank.catalog.counts() == (1, 1)


def test_a_hidden_document_is_nowhere_to_be_seen(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(
            writer,
            document("a.md", "Refunds need approval. See Staff Codes.", title="Refunds"),
            document("s.md", "The override code is 7291.", title="Staff Codes", allow=("staff",)),
        )
    hidden = bank.search("override code", reader=STAFF, k=1)[0].document_id
    assert all(passage.document_id != hidden for passage in bank.search("override code 7291 Staff Codes", k=10))
    assert [summary.title for summary in bank.documents()] == ["Refunds"]
    with pytest.raises(Exception, match="no document"):
        bank.document(hidden)


def test_access_that_is_withdrawn_holds_at_once_in_an_open_bank(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "The override code is 7291."))
    assert bank.search("override code")
    with bank.writer() as writer:
        writer.touch(writer.places(1)["a.md"], size=1, mtime_ns=1, allow=frozenset({"staff"}))
    assert bank.search("override code") == ()
    assert bank.search("override code", reader=STAFF)


def test_a_title_mentioned_elsewhere_lifts_the_document_it_names(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(
            writer,
            document("a.md", "The film stars Ada Winter.", title="The Film"),
            *[document(f"{n}.md", f"Filler number {n} about a film.", title=f"Filler {n}") for n in range(20)],
        )
    with bank.writer() as writer:
        commit(writer, document("w.md", "Born in Oslo.", title="Ada Winter"))
    passages = bank.search("Which star is in The Film?", k=5)
    linked = next(passage for passage in passages if passage.uri == "w.md")
    assert linked.scores.link > 0
    with bank.writer() as writer:
        writer.remove_places([writer.places(1)["w.md"]])
    assert all(passage.scores.link == 0 for passage in bank.search("Which star is in The Film?", k=5))


def test_filters_ask_for_equality_with_metadata(bank: KnowledgeBank) -> None:
    plain = document("a.md", "Rates are up.")
    dated = replace(document("b.md", "Rates are down."), metadata={"year": 2024, "draft": True, "it's": "x"})
    with bank.writer() as writer:
        commit(writer, plain, dated)
    assert [passage.uri for passage in bank.search("rates", filters={"year": 2024})] == ["b.md"]
    assert [passage.uri for passage in bank.search("rates", filters={"draft": True})] == ["b.md"]
    assert [passage.uri for passage in bank.search("rates", filters={"it's": "x"})] == ["b.md"]
    assert [passage.uri for passage in bank.search("rates", filters={"uri": "a.md"})] == ["a.md"]
    assert bank.search("rates", filters={"year": 1999}) == ()
    with pytest.raises(Exception, match="cannot be a filter"):
        bank.search("rates", filters={'"': "x"})


def test_a_second_writer_is_refused_and_readers_go_on(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One."))
        with pytest.raises(BankBusy), bank.writer():
            pass
        assert len(bank.search("one")) == 1
    with bank.writer():
        pass


def test_a_failed_batch_is_not_seen_and_the_next_writer_recovers(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One."))
    broken = replace(document("b.md", "Two."), vectors=np.zeros((0, 64), np.float32))
    with pytest.raises(IndexError), bank.writer() as writer:
        commit(writer, broken)
    assert [passage.uri for passage in bank.search("two", k=9)] == ["a.md"]
    with bank.writer() as writer:
        commit(writer, document("b.md", "Two."))
    assert bank.catalog.counts() == (2, 2)
    assert bank.verify().sound


def test_postings_in_many_segments_are_made_one_when_a_run_ends(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        for number in range(6):
            commit(writer, document(f"{number}.md", f"The fee of tariff {number} is five."))
            assert Postings(bank.path / OF_CHUNKS, "en").size() == number + 1
    for folder in (OF_CHUNKS, OF_DOCUMENTS):
        postings = PostingsWriter(bank.path / folder, "en")
        assert postings.segments() == 1
        postings.close()
    assert bank.verify().sound
    with bank.writer() as writer:
        commit(writer, document("3.md", "The charge of tariff 3 is six."))
    assert [passage.text for passage in bank.search("fee of tariff 3", k=1)] == ["The charge of tariff 3 is six."]
    assert bank.verify().sound


def test_an_index_that_is_being_made_one_is_seen_as_it_was(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        for number in range(6):
            commit(writer, document(f"{number}.md", f"The fee of tariff {number} is five."))
        path, connection = bank.path / OF_CHUNKS, connect(bank.path / "catalog.sqlite")
        before = Postings(path, "en").search("fee", 9)
        compact(connection, OF_CHUNKS, writer._postings_writer(OF_CHUNKS))
        assert Postings(path, "en").search("fee", 9) == before
        connection.close()


def test_a_lost_index_is_built_again_from_the_catalog(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."), document("b.md", "Two fees."))
    bank.close()
    for part in (bank.path / "postings").iterdir():
        part.unlink()
    connection = connect(bank.path / "catalog.sqlite")
    connection.execute("UPDATE state SET value = 1 WHERE key = 'dirty'")
    connection.close()
    with bank.writer():
        pass
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert verification.postings == 2


def test_a_span_that_no_longer_matches_is_a_fault(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."))
    connection = connect(bank.path / "catalog.sqlite")
    connection.execute("UPDATE document SET text = 'Another text'")
    connection.close()
    verification = bank.verify()
    assert not verification.sound
    assert "characters 0 to 8" in verification.faults[0]


def test_another_embedding_model_is_refused(bank: KnowledgeBank, tmp_path: Path) -> None:
    other = HashingEmbedder(replace(EMBEDDER.identity, weights="other"))
    with pytest.raises(EmbedderMismatch, match="was made with hashing"):
        Library(tmp_path, embedders=lambda spec: other).bank("handbook").search("fee")


def test_a_bank_of_a_later_version_is_refused(bank: KnowledgeBank, tmp_path: Path) -> None:
    connection = connect(bank.path / "catalog.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BankTooNew, match="format 99"):
        Library(tmp_path, embedders=lambda spec: EMBEDDER).bank("handbook").card()


@pytest.mark.parametrize("name", ["", "a/b", "../up", "Name", "con", "a" * 64, "-x", "ü"])
def test_a_name_that_cannot_be_a_folder_everywhere_is_refused(library: Library, name: str) -> None:
    with pytest.raises(InvalidBankName):
        library.create(name)


def test_a_missing_bank_is_named(library: Library) -> None:
    with pytest.raises(BankNotFound, match="'nothing'"):
        library.bank("nothing")


def test_an_empty_bank_finds_nothing(bank: KnowledgeBank) -> None:
    assert bank.search("anything") == ()
    assert bank.verify().sound


def test_a_removed_bank_is_gone(library: Library, bank: KnowledgeBank) -> None:
    library.remove("handbook")
    assert library.names() == ()
    assert not bank.path.exists()


def test_searching_loads_neither_chroma_nor_torch_nor_llama_index(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."))
    script = f"""
import sys
import threading
import time
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
library = Library({str(bank.path.parent.parent)!r}, embedders=lambda spec: HashingEmbedder())
assert library.bank("handbook").search("fee")[0].text == "One fee."
heavy = ("torch", "chromadb", "llama_index", "transformers", "rich", "pydantic")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everyone_is_public() -> None:
    assert ANYONE.may_read(frozenset({"public"}))
    assert not ANYONE.may_read(frozenset({"staff"}))
    assert STAFF.may_read(frozenset({"staff", "legal"}))


def test_words_with_invisible_characters_are_found_and_quoted_as_they_stand(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "To re\u200bset your pass\u00adword, call us."), document("b.md", "Nothing."))
    passage = bank.search("password reset", k=1)[0]
    assert passage.text == "To re\u200bset your pass\u00adword, call us."
    assert passage.scores.bm25 > 0


def test_processes_that_make_one_bank_at_once_end_with_one_whole_bank(tmp_path: Path) -> None:
    script = f"""
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
library = Library({str(tmp_path)!r}, embedders=lambda spec: HashingEmbedder())
for number in range(30):
    assert library.create(f"bank{{number}}").card().name == f"bank{{number}}"
"""
    runs = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert not list(tmp_path.rglob("*.new"))


def test_a_reader_that_opened_an_empty_bank_makes_no_index_and_sees_the_first_documents(bank: KnowledgeBank) -> None:
    assert bank.search("fee") == ()
    assert not (bank.path / "postings").exists()
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."))
    assert bank.search("fee")[0].scores.bm25 > 0


@pytest.mark.parametrize("folder", ["postings", "document_postings"])
@pytest.mark.parametrize("damage", ["gone", "junk"])
def test_postings_that_are_lost_or_damaged_are_named_and_built_again_by_the_next_writer(
    bank: KnowledgeBank, damage: str, folder: str
) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."), document("b.md", "Two fees."))
    bank.close()
    if damage == "gone":
        shutil.rmtree(bank.path / folder)
    else:
        (bank.path / folder / "meta.json").write_text("junk")
        with pytest.raises(BankDamaged, match="builds them anew"):
            bank.search("fee")
    with bank.writer() as writer:
        commit(writer, document("c.md", "Three fees."))
    bank.close()
    verification = bank.verify()
    assert verification.sound, verification.faults
    assert verification.postings == 3


def test_closing_a_bank_while_it_is_searched_ends(bank: KnowledgeBank) -> None:
    with bank.writer() as writer:
        commit(writer, document("a.md", "One fee."))
    until = time.monotonic() + 1

    def search() -> None:
        while time.monotonic() < until:
            with suppress(sqlite3.ProgrammingError):
                bank.search("fee")

    threads = [threading.Thread(target=search, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        bank.close()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_that_make_one_bank_at_once_end_with_one_whole_bank(tmp_path: Path) -> None:
    def make(number: int) -> str:
        library = Library(tmp_path, embedders=lambda spec: EMBEDDER)
        return library.create(f"bank{number // 4}").card().name

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(80)))
    assert made == [f"bank{number // 4}" for number in range(80)]
    assert not list(tmp_path.rglob("*.new"))
