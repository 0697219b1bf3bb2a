"""Banks built from folders: made, brought up to date, found, and added to."""

from __future__ import annotations

import asyncio
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import Document as LlamaDocument
from llama_index.core.schema import QueryBundle

import agents
from agents.rag import DocMetadata, Document, KnowledgeBank, LlamaIndexKnowledge
from agents.tool import Toolkit
from knowledge.errors import BankBusy, BankNotFound, ConfigError, EmbedderMismatch, ParseError, UsageError
from knowledge.library import Library

PARKING = "# Parking\n\nThe garage has 40 places for cars.\n"
BICYCLES = "# Bicycles\n\nThere are 12 stands for bicycles in the yard.\n"
CANTEEN = "# Canteen\n\nLunch is served from noon until two o'clock.\n"


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    return folder


def build(folder: Path | str, knowledge_id: str = "site", **named: Any) -> LlamaIndexKnowledge:
    return LlamaIndexKnowledge.build_knowledge_instance(
        knowledge_id=knowledge_id, data_dirs_and_types={folder: [".md"]}, **named
    )


def files(knowledge: LlamaIndexKnowledge) -> list[str]:
    return [Path(document.uri).name for document in knowledge.bank.documents()]


def test_a_bank_is_built_searched_and_says_what_went_in(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING, bicycles=BICYCLES)
    knowledge = build("./docs", similarity_top_k=1)
    assert knowledge.report
    assert len(knowledge.report.went_in) == 2
    [passage] = knowledge.search("How many cars fit into the garage?")
    assert "40 places" in passage.text
    assert knowledge.ask("How many stands for bicycles are there?").citations[0].uri.endswith("bicycles.md")


async def test_it_is_built_inside_a_running_loop(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    assert files(build("docs")) == ["parking.md"]


def test_built_again_it_is_brought_up_to_date(workplace: Path) -> None:
    docs = write(workplace / "docs", parking=PARKING, bicycles=BICYCLES)
    build(docs)
    (docs / "parking.md").write_text(PARKING.replace("40", "55"), "utf-8")
    (docs / "bicycles.md").unlink()
    write(docs, canteen=CANTEEN)
    knowledge = build(docs)
    assert files(knowledge) == ["canteen.md", "parking.md"]
    [text] = [passage.text for passage in knowledge.search("garage places", k=5) if "garage" in passage.text]
    assert "55 places" in text


def test_most_files_may_be_gone_the_next_time(workplace: Path) -> None:
    docs = write(
        workplace / "docs", **{f"note{at}": f"# Note {at}\n\nThe code of room {at} is {at * 7}.\n" for at in range(9)}
    )
    build(docs)
    for at in range(8):
        (docs / f"note{at}.md").unlink()
    assert files(build(docs)) == ["note8.md"]


def test_a_folder_that_is_not_named_any_more_leaves(workplace: Path) -> None:
    one, two = write(workplace / "one", parking=PARKING), write(workplace / "two", bicycles=BICYCLES)
    both = LlamaIndexKnowledge.build_knowledge_instance("site", {one: [".md"], two: [".md"]})
    assert files(both) == ["parking.md", "bicycles.md"]
    assert files(build(two)) == ["bicycles.md"]


def test_what_others_put_into_the_bank_stays(workplace: Path, tmp_path: Path) -> None:
    from ingest import ingest

    write(workplace / "mine", parking=PARKING)
    other = write(workplace / "other", canteen=CANTEEN)
    knowledge = build("mine")
    ingest([other], knowledge.bank)
    assert files(build("mine")) == ["parking.md", "canteen.md"]


def test_a_type_that_is_not_named_any_more_leaves(workplace: Path) -> None:
    docs = write(workplace / "docs", parking=PARKING)
    (docs / "extra.txt").write_text("Ninety-nine spare places.", "utf-8")
    LlamaIndexKnowledge.build_knowledge_instance("site", {docs: [".md", ".txt"]})
    assert files(build(docs)) == ["parking.md"]


def test_unchanged_it_loads_no_model(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    code = (
        "import sys\n"
        "from agents.rag import LlamaIndexKnowledge\n"
        "made = LlamaIndexKnowledge.build_knowledge_instance('site', {'docs': ['.md']}, root='root')\n"
        "print(len(made.bank.documents()), *{'torch', 'onnxruntime', 'tokenizers', 'openai'} & set(sys.modules))\n"
    )
    build("docs", root="root")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["1"], "")


def test_what_cannot_be_built_leaves_the_bank_as_it_was(workplace: Path, tmp_path: Path) -> None:
    docs = write(workplace / "docs", parking=PARKING)
    build(docs)
    moved = docs.rename(workplace / "moved")
    with pytest.raises(UsageError, match="does not exist"):
        build(docs)
    assert files(LlamaIndexKnowledge.open("site")) == ["parking.md"]
    moved.rename(docs)
    (docs / "parking.md").unlink()
    with pytest.raises(UsageError, match=r"holds no \.md file at all"):
        build(docs)
    assert files(LlamaIndexKnowledge.open("site")) == ["parking.md"]


def test_a_failed_first_build_leaves_no_bank(workplace: Path, tmp_path: Path) -> None:
    docs = write(workplace / "docs", empty="  \n")
    with pytest.raises(ParseError, match="None of the 1 files could be read"):
        build(docs)
    with pytest.raises(UsageError):
        build("nowhere")
    assert Library(tmp_path / "root").names() == ()


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_in(
    workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    docs = write(workplace / "docs", parking=PARKING)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    knowledge = LlamaIndexKnowledge.build_knowledge_instance("site", {docs: [".md", ".pdf"]})
    assert files(knowledge) == ["parking.md"]
    assert knowledge.report
    assert "broken.pdf" in knowledge.report.failed[0].uri
    assert "broken.pdf" in caplog.text


def test_banks_stand_where_init_the_settings_file_or_the_environment_say(workplace: Path, tmp_path: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    build("docs")
    assert Library(tmp_path / "root").names() == ("site",)
    (workplace / "refdesk.yaml").write_text("banks: {}\n", "utf-8")
    build("docs", "beside")
    assert "beside" in Library(workplace).names()
    agents.init(root=tmp_path / "elsewhere")
    build("docs", "there")
    assert Library(tmp_path / "elsewhere").names() == ("there",)
    build("docs", "here", root=tmp_path / "argument")
    assert Library(tmp_path / "argument").names() == ("here",)


def test_another_model_than_the_bank_s_is_refused(workplace: Path, tmp_path: Path) -> None:
    from knowledge.card import EmbedderSpec
    from knowledge.testing import HashingEmbedder

    write(workplace / "docs", parking=PARKING)
    hashing = Library(tmp_path / "root", embedders=lambda spec: HashingEmbedder())
    hashing.create("site", spec=EmbedderSpec("openai", "hashing", "http://127.0.0.1:9/v1"))
    with pytest.raises(EmbedderMismatch):
        build("docs")


def test_two_processes_build_the_same_knowledge_at_once(workplace: Path) -> None:
    for name in ("one", "two"):
        write(
            workplace / name, **{f"{name}{at}": f"# {name} {at}\n\nRoom {at} of {name} is free.\n" for at in range(20)}
        )
    code = (
        "from agents.rag import LlamaIndexKnowledge\n"
        "made = LlamaIndexKnowledge.build_knowledge_instance('site', {'one': ['.md'], 'two': ['.md']}, root='root')\n"
        "print(len(made.bank.documents()), made.bank.verify().sound)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in started:
        out, err = process.communicate(timeout=120)
        assert (out.split(), err) == (["40", "True"], "")


def test_one_who_waits_too_long_says_who_is_in_the_way(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    knowledge = build("docs")
    write(workplace / "docs", canteen=CANTEEN)
    with knowledge.bank.writer(), pytest.raises(BankBusy):
        build("docs", patience=0.3)
    assert files(build("docs")) == ["canteen.md", "parking.md"]


def test_knowledge_is_opened_again_by_its_id(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    build("docs", "Site plans / 2024")
    assert files(LlamaIndexKnowledge.open("Site plans / 2024")) == ["parking.md"]
    with pytest.raises(BankNotFound):
        LlamaIndexKnowledge.open("site plans / 2024")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    write(root / "docs", parking=PARKING, bicycles=BICYCLES, canteen=CANTEEN)
    build(root / "docs", root=root)
    return root


@pytest.fixture
def knowledge(site: Path, tmp_path: Path) -> LlamaIndexKnowledge:
    return LlamaIndexKnowledge.open("site", root=shutil.copytree(site, tmp_path / "site"), similarity_top_k=2)


async def test_what_is_retrieved_is_a_list_and_may_be_awaited(knowledge: LlamaIndexKnowledge) -> None:
    found = knowledge.retrieve("stands for bicycles")
    assert len(found) == 2
    assert "12 stands" in found[0].text
    awaited = await knowledge.retrieve("stands for bicycles", limit=3, score_threshold=0.3)
    assert [document.id for document in awaited] == [found[0].id]
    assert (awaited[0].score or 0) > 0.3
    assert awaited[0].metadata.content["text"] == awaited[0].metadata["content"]["text"]
    assert awaited[0].metadata.uri.endswith("bicycles.md")
    with pytest.raises(UsageError):
        await knowledge.retrieve(" ")
    with pytest.raises(UsageError):
        knowledge.retrieve("x", limit=0)


async def test_retrieval_is_a_tool(knowledge: LlamaIndexKnowledge) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(knowledge.retrieve_knowledge)
    result = await toolkit.execute_tool_function("retrieve_knowledge", {"query": "When is lunch?", "limit": 1})
    assert "from noon until two" in result.text
    nothing = await toolkit.execute_tool_function("retrieve_knowledge", {"query": "lunch", "score_threshold": 0.99})
    assert "No relevant documents" in nothing.text


async def test_texts_are_added_and_replaced_by_their_id(knowledge: LlamaIndexKnowledge) -> None:
    def sauna(words: str) -> Document:
        return Document(DocMetadata({"type": "text", "text": words}, doc_id="sauna"))

    await knowledge.add_documents([sauna("The sauna opens at six."), "Keys are kept at the gate of the park."])
    await knowledge.add_documents([sauna("The sauna opens at nine.")])
    await knowledge.add_documents([LlamaDocument(text="The roof has solar panels.", id_="roof")])
    texts = [document.text for document in await knowledge.retrieve("When does the sauna open?", limit=10)]
    assert "The sauna opens at nine." in texts
    assert not any("six" in text for text in texts)
    assert len(texts) == 6
    with pytest.raises(UsageError, match="int holds no text"):
        await knowledge.add_documents([7])


async def test_many_search_at_once(knowledge: LlamaIndexKnowledge) -> None:
    found = await asyncio.gather(*(knowledge.retrieve("bicycles", limit=1) for _ in range(20)))
    assert {documents[0].id for documents in found} == {found[0][0].id}


def test_it_is_a_llamaindex_retriever_and_query_engine(knowledge: LlamaIndexKnowledge) -> None:
    nodes = knowledge.as_retriever(similarity_top_k=1).retrieve(QueryBundle("lunch"))
    assert [node.node.metadata["title"] for node in nodes] == ["Canteen"]
    assert "12 stands" in str(knowledge.as_query_engine().query("How many stands for bicycles are there?"))


def test_several_are_kept_by_id(workplace: Path) -> None:
    write(workplace / "docs", parking=PARKING)
    write(workplace / "food", canteen=CANTEEN)
    several = KnowledgeBank([{"knowledge_id": "site", "data_dirs_and_types": {"docs": [".md"]}}])
    several.add_data_as_knowledge("food", {"food": [".md"]})
    assert [knowledge.knowledge_id for knowledge in several] == ["site", "food"]
    assert files(several.get_knowledge("food")) == ["canteen.md"]
    with pytest.raises(UsageError, match="there is site, food"):
        several.get_knowledge("law")
    with pytest.raises(ConfigError, match="needs `knowledge_id`"):
        KnowledgeBank([{"knowledge_id": "site"}])


def test_it_travels_to_another_process_as_the_same_bank(knowledge: LlamaIndexKnowledge) -> None:
    arrived: LlamaIndexKnowledge = pickle.loads(pickle.dumps(knowledge))
    assert (arrived.knowledge_id, arrived.similarity_top_k) == ("site", 2)
    assert "12 stands" in arrived.search("stands for bicycles")[0].text
