"""The postings of a bank: Tantivy indexes over what chunks and whole documents say, keyed by id, scored by BM25."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import tantivy

from knowledge.errors import BankDamaged
from knowledge.storage.asking import without_asking

# The folders of a bank's two indexes; their entries are called chunks in both, as the files on disk know them.
OF_CHUNKS, OF_DOCUMENTS = "postings", "document_postings"
BODY, CHUNK = "body", "chunk"
ANALYZER = "refdesk"
# How much further down each look goes on when too little of what was found may be seen.
DEEPER = 4
# How many times as many as are wanted are expected in what is read at first.
AMPLE = 1.3
# Up to so many ids are looked up faster one by one than as a set, for which Tantivy builds an automaton.
SINGLE_TERMS = 400
STEMMERS: Mapping[str, str] = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
# A text, or terms as they stand in the index and how much each counts.
Words = str | Mapping[str, float]
WITHOUT_STOPWORDS = frozenset({"ar", "el", "ro", "ta", "tr"})


def analyzer(language: str) -> tantivy.TextAnalyzer:
    """Words, lower-cased, without stop words, stemmed where the language has a stemmer."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(64)).filter(tantivy.Filter.lowercase())
    name = STEMMERS.get(language)
    if name and language not in WITHOUT_STOPWORDS:
        builder = builder.filter(tantivy.Filter.stopword(name))
    if name:
        builder = builder.filter(tantivy.Filter.stemmer(name))
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(CHUNK, stored=False, indexed=True, fast=True)
    builder.add_text_field(BODY, stored=False, tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()


def _registered(index: tantivy.Index, language: str) -> tantivy.Index:
    """The index with its analyzer, which must be registered at every open: without it nothing is found, silently."""
    index.register_tokenizer(ANALYZER, analyzer(language))
    return index


def _exists(path: Path) -> bool:
    return path.is_dir() and tantivy.Index.exists(str(path))


def _opened(path: Path, language: str) -> tantivy.Index:
    """The index at `path`; an empty one in memory where none is, since only a writer may make one."""
    with damage(path):
        index = tantivy.Index.open(str(path)) if _exists(path) else tantivy.Index(_schema())
    return _registered(index, language)


def indexed_count(path: Path) -> int:
    """How many chunks the index at `path` holds; 0 where there is none. Raises `BankDamaged`."""
    with damage(path):
        return int(tantivy.Index.open(str(path)).searcher().num_docs) if _exists(path) else 0


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turns what Tantivy says of broken files, always a ValueError, into an error that says what to do."""
    try:
        yield
    except ValueError as error:
        raise BankDamaged(
            f"The postings in {path} cannot be read: {error}.",
            hint="Run the ingest again: it builds them anew from the catalog.",
        ) from error


def _made(path: Path, language: str) -> tantivy.Index:
    """The index at `path`, made where there is none; only for the bank's one writer."""
    if _exists(path):
        return _opened(path, language)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return _registered(tantivy.Index(_schema(), path=str(path)), language)


class Postings:
    """Searching the postings; `refresh` shows what has been committed since."""

    def __init__(self, path: Path, language: str) -> None:
        self._path = path
        self._language = language
        self._analyzer = analyzer(language)
        self._on_disk = _exists(path)
        self._index = _opened(path, language)
        self._searcher = self._index.searcher()

    def refresh(self) -> None:
        """Lets later searches see everything that has been committed."""
        if not self._on_disk:
            self._on_disk = _exists(self._path)
            self._index = _opened(self._path, self._language)
        self._index.reload()
        self._searcher = self._index.searcher()

    def terms(self, text: str) -> tuple[str, ...]:
        """The distinct terms of what `text` asks about, as they stand in the index."""
        return tuple(dict.fromkeys(self._analyzer.analyze(without_asking(text, self._language))))

    def search(self, text: Words, limit: int) -> dict[int, float]:
        """BM25 (k1 1.2, b .75) of the best `limit` chunks for `text`, by chunk id."""
        query = self._any_term(text)
        return self._run(query, limit) if query else {}

    def search_visible(
        self, text: Words, limit: int, visible: Callable[[Sequence[int]], Collection[int]], *, share: float = 1.0
    ) -> dict[int, float]:
        """As `search`, of the chunks that `visible` lets through; reads on until there are enough of them.

        `share` is about how many of all chunks these are, 0 to 1; it only says how far to read at first.
        """
        reach = limit
        while reach * share < limit * AMPLE and reach < self._searcher.num_docs:
            reach *= 2
        while True:
            found = self.search(text, reach)
            kept = set(visible(list(found)))
            if len(kept) >= limit or len(found) < reach:
                seen = (item for item in found.items() if item[0] in kept)
                return dict(islice(seen, limit))
            reach *= DEEPER

    def score(self, text: Words, chunk_ids: Sequence[int]) -> dict[int, float]:
        """BM25 of those of `chunk_ids` that share a term with `text`."""
        query = self._any_term(text)
        if query is None or not chunk_ids:
            return {}
        silent = tantivy.Query.const_score_query(self._one_of(chunk_ids), 0.0)
        both = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, silent)])
        return self._run(both, len(chunk_ids))

    def ids(self) -> set[int]:
        """The id of every chunk that has postings."""
        found = self._run(tantivy.Query.all_query(), max(self._searcher.num_docs, 1))
        return set(found)

    def size(self) -> int:
        """How many postings lists of chunks there are; one chunk indexed twice counts twice."""
        count: int = self._searcher.num_docs
        return count

    def _one_of(self, chunk_ids: Sequence[int]) -> tantivy.Query:
        schema = self._index.schema
        if len(chunk_ids) > SINGLE_TERMS:
            return tantivy.Query.term_set_query(schema, CHUNK, list(chunk_ids))
        single = (tantivy.Query.term_query(schema, CHUNK, chunk, "basic") for chunk in chunk_ids)
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in single])

    def _any_term(self, text: Words) -> tantivy.Query | None:
        weights = dict.fromkeys(self.terms(text), 1.0) if isinstance(text, str) else text
        terms = [(tantivy.Occur.Should, self._term(term, weight)) for term, weight in weights.items()]
        return tantivy.Query.boolean_query(terms) if terms else None

    def _term(self, term: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._index.schema, BODY, term, "freq")
        return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)

    def _run(self, query: tantivy.Query, limit: int) -> dict[int, float]:
        with damage(self._path):
            hits = self._searcher.search(query, limit, count=False).hits
            ids = self._searcher.fast_field_values(CHUNK, [address for _, address in hits])
        return {int(chunk): score for chunk, (score, _) in zip(ids, hits, strict=True) if chunk is not None}


class PostingsWriter:
    """Adding and removing postings; nothing is kept before `commit`. One writer at a time."""

    def __init__(self, path: Path, language: str) -> None:
        self._index = _made(path, language)
        self._writer = self._index.writer(heap_size=32_000_000, num_threads=1)

    def add(self, chunks: Sequence[tuple[int, str]]) -> None:
        """Adds chunks (id, text); a chunk that has postings already is replaced."""
        self.remove([chunk_id for chunk_id, _ in chunks])
        self.fill(chunks)

    def fill(self, chunks: Sequence[tuple[int, str]]) -> None:
        """Adds chunks that have no postings."""
        for chunk_id, text in chunks:
            document = tantivy.Document()
            document.add_unsigned(CHUNK, chunk_id)
            document.add_text(BODY, text)
            self._writer.add_document(document)

    def remove(self, chunk_ids: Collection[int]) -> None:
        """Removes the postings of these chunks; those that have none are passed over."""
        # By query: deletion by term takes the number for a signed one and finds nothing.
        if chunk_ids:
            gone = tantivy.Query.term_set_query(self._index.schema, CHUNK, list(chunk_ids))
            self._writer.delete_documents_by_query(gone)

    def clear(self) -> None:
        """Removes all postings."""
        self._writer.delete_all_documents()

    def segments(self) -> int:
        """In how many segments what was committed lies."""
        self._index.reload()
        count: int = self._index.searcher().num_segments
        return count

    def commit(self) -> None:
        """Makes everything added and removed so far last, and visible."""
        self._writer.commit()

    def close(self) -> None:
        """Ends the writer, so that another can begin."""
        self._writer.wait_merging_threads()
