"""Banks, citations, checks and escalation as the tutorial's ambiguous lines are read."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import agents
from agents import LlamaIndexAgent, ReActAgent
from agents.memory import FileDumpMemory
from agents.message import Msg
from agents.rag import LlamaIndexKnowledge
from agents.testing import Reply, Request, tool_call
from tests.agents.readings.wire import assert_paired
from tests.agents.tutorial.conftest import CONFIGS, Serve
from tests.agents.tutorial.test_knowledge import pdf

LEAVE = "Every employee has 25 days of paid leave a year. Unused days expire at the end of March."
TRAVEL = "First class is paid for train journeys of more than four hours. Hotels may cost 140 crowns a night."
GERMAN = "Der Parkplatz hinter dem Haus ist nur für Besucher. Mitarbeiter parken in der Tiefgarage auf Ebene zwei."
NOTICE = "The notice period is three months to the end of a quarter."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of a small office."""
    root = tmp_path_factory.mktemp("office")
    docs = root / "docs"
    docs.mkdir()
    (docs / "leave.md").write_text(f"# Leave\n\n{LEAVE}\n", "utf-8")
    (docs / "travel.md").write_text(f"# Travel\n\n{TRAVEL}\n", "utf-8")
    (docs / "parken.md").write_text(f"# Parken\n\n{GERMAN}\n", "utf-8")
    (docs / "contract.pdf").write_bytes(pdf("A cover page.", "Contents.", NOTICE))
    (docs / "left-out.txt").write_text("Every employee has 99 days of paid leave a year.\n", "utf-8")
    (docs / "left-out.md.bak").write_text("Every employee has 98 days of paid leave a year.\n", "utf-8")
    (docs / "left-out.html").write_text("<p>Every employee has 97 days of paid leave a year.</p>\n", "utf-8")
    return root


@pytest.fixture(scope="module")
def built(folder: Path) -> LlamaIndexKnowledge:
    return LlamaIndexKnowledge.build_knowledge_instance(
        knowledge_id="office", data_dirs_and_types={str(folder / "docs"): [".md", ".pdf"]}, root=folder / "root"
    )


@pytest.fixture
def knowledge(built: LlamaIndexKnowledge) -> LlamaIndexKnowledge:
    return built


def model(answer: str) -> Any:
    """Searches once with the user's words, then answers."""

    def step(request: Request) -> str | Reply:
        asked = max(at for at, message in enumerate(request.messages) if message["role"] == "user")
        if any(message["role"] == "tool" for message in request.messages[asked:]) or not request.tools:
            return answer
        return tool_call(
            next(name for name in request.tools if "search" in name), query=str(request.messages[asked]["content"])
        )

    return step


def expert(knowledge: Any, **more: Any) -> LlamaIndexAgent:
    return LlamaIndexAgent(name="Expert", knowledge_list=[knowledge], sys_prompt="Answer from the documents.", **more)


@pytest.mark.parametrize("spelling", ["MD"])
async def test_extensions_filter_strictly_whatever_their_spelling(tmp_path: Path, spelling: str) -> None:
    docs, other = tmp_path / "docs", tmp_path / "docs" / "texts"
    other.mkdir(parents=True)
    (other / "text.txt").write_text("The text file is about chairs.\n", "utf-8")
    (docs / "upper.MD").write_text("The upper case file is about umbrellas.\n", "utf-8")
    (docs / "lower.md").write_text("The lower case file is about ladders.\n", "utf-8")
    for name in ("not.txt", "not.md.bak", "notmd", "not.markdown", "not.html"):
        (docs / name).write_text("This one is about elephants and lies.\n", "utf-8")
    knowledge = LlamaIndexKnowledge.build_knowledge_instance(
        "spelling", {str(docs): [spelling], str(other): ".TXT"}, root=tmp_path / "root"
    )
    held = [passage.text for passage in knowledge.search("elephants, umbrellas and ladders", k=20)]
    assert sorted(text.split()[1] for text in held) == ["lower", "text", "upper"]


async def test_a_bank_is_built_synchronously_inside_a_running_loop_and_a_thread(
    folder: Path, knowledge: LlamaIndexKnowledge
) -> None:
    def build() -> LlamaIndexKnowledge:
        return LlamaIndexKnowledge.build_knowledge_instance(
            knowledge_id="office", data_dirs_and_types={str(folder / "docs"): [".md", ".pdf"]}, root=folder / "root"
        )

    assert isinstance(build(), LlamaIndexKnowledge)
    again = await asyncio.to_thread(build)
    assert len(again.bank.documents()) == len(knowledge.bank.documents()) == 4


def test_called_again_the_bank_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(name).mkdir()
        Path(name, f"{name}.md").write_text(f"The answer of {name} is 1.\n", "utf-8")

    def build(**folders: Any) -> list[str]:
        made = LlamaIndexKnowledge.build_knowledge_instance(
            "kept", {f"./{name}": types for name, types in folders.items()}, root=tmp_path / "root"
        )
        return sorted(passage.text for passage in made.search("the answer", k=20))

    assert build(one=[".md"], two=[".md"]) == ["The answer of one is 1.", "The answer of two is 1."]
    Path("one/one.md").write_text("The answer of one is 2.\n", "utf-8")
    Path("two/new.md").write_text("The new answer is 3.\n", "utf-8")
    Path("two/two.md").rename("two/renamed.md")
    assert build(one=[".md"], two=[".md"]) == [
        "The answer of one is 2.",
        "The answer of two is 1.",
        "The new answer is 3.",
    ]
    assert build(one=[".md"]) == ["The answer of one is 2."]
    shutil.move("one/one.md", "two/one.md")
    assert "The answer of one is 2." in build(two=[".md"])


async def test_texts_and_questions_go_to_the_named_embedding_model(serve: Serve, folder: Path, tmp_path: Path) -> None:
    server = serve([model("Every employee has 25 days of paid leave a year. [1]")])

    def build() -> LlamaIndexKnowledge:
        return LlamaIndexKnowledge.build_knowledge_instance(
            knowledge_id="company docs",
            data_dirs_and_types={str(folder / "docs"): [".md", ".pdf"]},
            emb_model_config_name="embedding_model",
            similarity_top_k=3,
        )

    made = build()
    assert {request.path for request in server.embedding_requests} == {"/v1/embeddings"}
    assert {request.body["model"] for request in server.embedding_requests} == {"text-embedding-3-small"}
    assert any("25 days" in request.text for request in server.embedding_requests)
    assert not any("99 days" in request.text for request in server.embedding_requests)
    before = len(server.embedding_requests)
    build()
    assert len(server.embedding_requests) == before, "nothing changed, so nothing is embedded"
    reply = await expert(made, model_config_name="gpt-4")("How many days of paid leave are there?")
    assert any("paid leave" in request.text for request in server.embedding_requests[before:])
    assert "leave.md" in reply.content
    assert len(server.requests) == 2


async def test_without_one_texts_are_embedded_here_and_nothing_is_sent(serve: Serve, folder: Path) -> None:
    server = serve(["never asked"])
    made = LlamaIndexKnowledge.build_knowledge_instance(
        knowledge_id="here", data_dirs_and_types={str(folder / "docs"): [".md"]}
    )
    assert made.search("paid leave")
    assert server.connections == 0
    agents.init()
    reply = await expert(made)("How many days of paid leave does an employee have?")
    assert "25 days" in reply.content
    assert server.connections == 0


@pytest.mark.parametrize("by", ["a model", "quoting"])
@pytest.mark.parametrize(
    ("question", "answer", "file"),
    [
        ("How many days of paid leave does an employee have?", "25 days of paid leave", "leave.md"),
        ("What may hotels cost a night?", "140 crowns", "travel.md"),
        ("How long is the notice period?", "three months", "contract.pdf"),
    ],
)
async def test_a_citation_names_the_right_file_first_and_the_page_of_a_pdf(
    serve: Serve, knowledge: LlamaIndexKnowledge, by: str, question: str, answer: str, file: str
) -> None:
    sentence = next(
        f"{part.rstrip('.')}." for text in (LEAVE, TRAVEL, NOTICE) for part in text.split(". ") if answer in part
    )
    if by == "a model":
        serve([model(sentence)])
    reply = await expert(knowledge)(Msg("user", question))
    assert answer in reply.content
    assert file in reply.content
    first = reply.metadata["citations"][0]
    assert Path(first["uri"]).name == file == first["file"]
    json.dumps(reply.metadata)
    if file.endswith(".pdf"):
        assert first["page"] == 3
        assert "page 3" in reply.content


@pytest.mark.parametrize(
    "words",
    [
        LEAVE,
        "Unused days expire at the end of March.",
        "According to the handbook, every employee has 25 days of paid leave a year.",
        'The document says: "Unused days expire at the end of March."',
        "Every employee has 25 days\nof paid leave a year",
        f"{LEAVE} {TRAVEL}",
        GERMAN,
    ],
)
async def test_words_of_a_passage_count_as_supported(serve: Serve, knowledge: LlamaIndexKnowledge, words: str) -> None:
    serve([model(words)])
    reply = await expert(knowledge)("What do the documents say about leave, travel and Parkplatz?")
    plain = " ".join(str(reply.content).split()).replace("[1]", "").replace("[2]", "").replace(" .", ".")
    for sentence in [part for part in words.replace("\n", " ").split(". ") if part]:
        assert sentence.rstrip(".") in plain
    assert not reply.metadata["dropped"]
    assert reply.metadata["citations"]


async def test_retrieved_text_is_not_stored_and_its_call_stays_paired(
    serve: Serve, knowledge: LlamaIndexKnowledge
) -> None:
    server = serve([model("Every employee has 25 days of paid leave a year. [1]")])
    agent = expert(knowledge, memory=FileDumpMemory("talk.json"))
    await agent("How many days of paid leave does an employee have?")
    assert "Unused days expire" in server.requests[1].text, "the model saw the passage"
    stored = Path("talk.json").read_text("utf-8") + json.dumps(agent.state_dict()) + json.dumps(agent.memory.export())
    assert "Unused days expire" not in stored
    blocks = [block for message in agent.memory.get_memory() for block in message.get_content_blocks()]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    results = [block for block in blocks if block["type"] == "tool_result"]
    assert calls == [block["id"] for block in results]
    passages = {passage.chunk_id for passage in knowledge.search("paid leave", k=10)}
    assert any(str(chunk) in str(results[0]["output"]) for chunk in passages)
    await agent("And what may hotels cost?")
    assert "Unused days expire" not in server.requests[2].text
    assert_paired(server.requests)


async def test_support_is_asked_only_of_claims_about_the_documents(
    serve: Serve, knowledge: LlamaIndexKnowledge
) -> None:
    serve([model("Employees have 60 days of leave. Every employee has 25 days of paid leave a year.")])
    reply = await expert(knowledge)("How many days of paid leave does an employee have?")
    assert "60" not in reply.content
    assert "25 days" in reply.content
    assert reply.metadata["escalate"] is False


@pytest.mark.parametrize(
    "words",
    [
        "I must escalate this case.",
        "I must escalate this case to a specialist.",
        "This issue is too complex for me, so I will escalate it to tier 2 support.",
        "Escalating to a human agent now.",
        "ESCALATE",
        "Escalate: account locked.",
        "This needs to be handed to a human colleague.",
    ],
)
async def test_passing_a_case_on_is_flow_and_survives(serve: Serve, knowledge: LlamaIndexKnowledge, words: str) -> None:
    serve([model(words)])
    reply = await expert(knowledge)("My account is locked, somebody has to help me!")
    assert words.rstrip(".:!").split(":")[0] in reply.content
    assert reply.metadata["escalate"] is True


@pytest.mark.parametrize("words", ["A specialist has to take over. [escalate]", "[ESCALATE] The customer lost data."])
async def test_the_mark_alone_can_be_found_in_the_text_as_the_tutorials_router_looks_for_it(
    serve: Serve, knowledge: LlamaIndexKnowledge, words: str
) -> None:
    serve([model(words)])
    reply = await expert(knowledge)("My account is locked, somebody has to help me!")
    assert "escalate" in str(reply.content).lower()
    assert reply.metadata["escalate"] is True


async def test_an_agent_without_bank_or_usable_tool_names_the_way_and_does_not_echo() -> None:
    agents.init(model_configs=[CONFIGS[1]])
    for agent in (LlamaIndexAgent(name="A"), LlamaIndexAgent(name="A", knowledge_list=[]), ReActAgent(name="A")):
        reply = await agent("Tell me about zeppelins, please")
        assert "zeppelin" not in str(reply.content).lower()
        assert "REFDESK_MODEL" in reply.content or "model_configs" in reply.content or "agents.init" in reply.content


async def test_a_model_that_is_asked_without_searching_may_still_quote(
    serve: Serve, knowledge: LlamaIndexKnowledge
) -> None:
    serve(["Unused days expire at the end of March."])
    reply = await expert(knowledge)("When do unused days of leave expire?")
    assert "Unused days expire at the end of March." in reply.content
    assert "leave.md" in reply.content
