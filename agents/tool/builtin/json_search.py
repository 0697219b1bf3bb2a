"""Searches the web through a SearXNG server, or any address that answers with JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.exceptions import ToolError
from agents.tool.builtin.web import SearchHit


@dataclass(frozen=True, slots=True)
class JsonSearch:
    """A search that is asked by GET and answers with JSON.

    The defaults are SearXNG's: `url` is its `/search` address, with `q` and `format=json`. For others, `query_name` and
    `parameters` make the question, `results` is the path to the list in the answer, such as `web.results`, and `title`,
    `link` and `snippet` name the fields of each hit. `headers` may carry a key.
    """

    url: str
    query_name: str = "q"
    parameters: Mapping[str, str] = field(default_factory=lambda: {"format": "json"})
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    results: str = "results"
    title: str = "title"
    link: str = "url"
    snippet: str = "content"
    timeout: float = 20.0

    async def search(self, query: str, limit: int) -> Sequence[SearchHit]:
        """The hits; raises `ToolError` where the server cannot be reached or answers with something else."""
        import httpx  # a fifth of a second

        try:
            async with httpx.AsyncClient(timeout=self.timeout, headers=dict(self.headers)) as client:
                response = await client.get(self.url, params={**self.parameters, self.query_name: query})
                response.raise_for_status()
                answer = response.json()
        except httpx.HTTPStatusError as error:
            raise ToolError(f"The web search answered {error.response.status_code}.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ToolError(f"The web search cannot be reached ({reason}):", hint="check its address.") from error
        except ValueError as error:
            raise ToolError(
                "The web search did not answer with JSON:",
                hint="let SearXNG allow the format json, or check the address.",
            ) from error
        return [self._hit(item) for item in self._list(answer)[:limit] if isinstance(item, Mapping)]

    def _list(self, answer: Any) -> list[Any]:
        for name in filter(None, self.results.split(".")):
            answer = answer.get(name) if isinstance(answer, Mapping) else None
        if not isinstance(answer, list):
            raise ToolError(f"The answer of the web search holds no list {self.results!r}:", hint="check `results`.")
        return answer

    def _hit(self, item: Mapping[str, Any]) -> SearchHit:
        return SearchHit(*(str(item.get(name) or "") for name in (self.title, self.link, self.snippet)))
