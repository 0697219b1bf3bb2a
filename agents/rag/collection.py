"""Several knowledge instances by id, as AgentScope 0.x kept them for its agents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.rag.knowledge import LlamaIndexKnowledge
from knowledge.errors import ConfigError, UsageError

Config = Mapping[str, Any]


class KnowledgeBank:
    """The knowledge of an application, by id. `configs` are entries, or a JSON file that holds them.

    An entry has `knowledge_id`, `data_dirs_and_types`, and what else `build_knowledge_instance` takes.
    """

    def __init__(self, configs: Iterable[Config] | Path | str = (), *, root: Path | str | None = None) -> None:
        self._root = root
        self._known: dict[str, LlamaIndexKnowledge] = {}
        for config in _entries(configs):
            self._known[config["knowledge_id"]] = _built(config, root)

    def add_data_as_knowledge(
        self,
        knowledge_id: str,
        data_dirs_and_types: Mapping[str | Path, Sequence[str] | str | None],
        *,
        emb_model_name: str | None = None,
        similarity_top_k: int = 5,
    ) -> LlamaIndexKnowledge:
        """Build the knowledge of an id, or bring it up to date; raises as `build_knowledge_instance` does."""
        self._known[knowledge_id] = LlamaIndexKnowledge.build_knowledge_instance(
            knowledge_id, data_dirs_and_types, emb_model_name, similarity_top_k=similarity_top_k, root=self._root
        )
        return self._known[knowledge_id]

    def add(self, knowledge: LlamaIndexKnowledge) -> None:
        """Keep knowledge that is there already, under its own id."""
        self._known[knowledge.knowledge_id] = knowledge

    def get_knowledge(self, knowledge_id: str) -> LlamaIndexKnowledge:
        """The knowledge of an id; raises `UsageError` that lists those there are."""
        if knowledge_id not in self._known:
            known = ", ".join(self._known) or "none yet"
            raise UsageError(f"There is no knowledge {knowledge_id!r}:", hint=f"there is {known}.")
        return self._known[knowledge_id]

    def equip(self, agent: Any, knowledge_id_list: Sequence[str]) -> None:
        """Give an agent the knowledge of these ids, beside what it has."""
        chosen = [self.get_knowledge(knowledge_id) for knowledge_id in knowledge_id_list]
        agent.knowledge_list = [*agent.knowledge_list, *chosen]

    def __iter__(self) -> Iterator[LlamaIndexKnowledge]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)


def _entries(configs: Iterable[Config] | Path | str) -> list[Config]:
    found: Any = configs
    if isinstance(configs, Path | str):
        try:
            found = json.loads(Path(configs).read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{configs} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise ConfigError(f"{configs} is not JSON: {error}.") from error
    entries = [found] if isinstance(found, Mapping) else list(found)
    for entry in entries:
        if not isinstance(entry, Mapping) or not {"knowledge_id", "data_dirs_and_types"} <= entry.keys():
            raise ConfigError("An entry of knowledge needs `knowledge_id` and `data_dirs_and_types`.")
    return entries


def _built(config: Config, root: Path | str | None) -> LlamaIndexKnowledge:
    return LlamaIndexKnowledge.build_knowledge_instance(
        config["knowledge_id"],
        config["data_dirs_and_types"],
        config.get("emb_model_config_name"),
        similarity_top_k=config.get("similarity_top_k", 5),
        root=root,
    )
