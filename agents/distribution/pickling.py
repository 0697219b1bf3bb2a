"""Objects as bytes for another process, which has proved that it may send and receive them.

Functions and classes go by name where the other process can import them, and by value where it cannot: those of the
main script, of a function, of a module that stands on no path. Locks are made anew. Large texts and bytes go by
reference.
"""

from __future__ import annotations

import io
import pickle
import sys
import sysconfig
import threading
import types
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from agents.distribution.blobs import LARGE, BlobStore
from agents.exceptions import DistributionError

# Found by every worker, which is itself made of them, also where an installation in place keeps them off the path.
OURS = frozenset({"agents", "eval", "ingest", "knowledge", "serve"})
INSTALLED = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
LOCKS: dict[type, Any] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.local: threading.local,
}


def pack(value: object, store: BlobStore | None) -> tuple[bytes, list[str]]:
    """`value` as bytes, and the names of the contents in `store` that it refers to; without a store it holds them all.

    Raises `DistributionError` for what cannot leave this process, such as an open connection.
    """
    written = io.BytesIO()
    try:
        pickler = _pickler()(written, store)
        pickler.dump(value)
    except (TypeError, AttributeError, pickle.PicklingError, RecursionError, NotImplementedError) as error:
        raise DistributionError(
            f"A value cannot be sent to another process: {error}:", hint="construct it there, or send plain data."
        ) from error
    return written.getvalue(), pickler.names


def unpack(content: bytes, store: BlobStore) -> Any:
    """The object of bytes that an authenticated peer sent; raises `DistributionError` where it cannot be made here."""
    try:
        return _Unpickler(io.BytesIO(content), store).load()
    except (ImportError, AttributeError) as error:
        raise DistributionError(
            f"An object cannot be made here: {error}:", hint="install the module that it needs on this machine, too."
        ) from error
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError) as error:
        raise DistributionError(f"An object cannot be read: {error}.") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: io.BytesIO, store: BlobStore) -> None:
        super().__init__(content)
        self._store = store

    def persistent_load(self, reference: tuple[str, str]) -> str | bytes:
        kind, name = reference
        content = self._store.get(name)
        return content.decode("utf-8", "surrogatepass") if kind == "text" else content


@cache
def _pickler() -> Any:
    import cloudpickle  # only where an agent runs elsewhere

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # the package has no types
        def __init__(self, file: io.BytesIO, store: BlobStore | None) -> None:
            super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
            self.names: list[str] = []
            self._store = store

        def persistent_id(self, value: Any) -> tuple[str, str] | None:
            if type(value) not in (str, bytes) or len(value) < LARGE or self._store is None:
                return None
            is_text = type(value) is str
            self.names.append(self._store.put(value.encode("utf-8", "surrogatepass") if is_text else value))
            return ("text" if is_text else "bytes"), self.names[-1]

        def reducer_override(self, value: Any) -> Any:
            if (make := LOCKS.get(type(value))) is not None:
                return make, ()
            if isinstance(value, types.FunctionType | type) and _is_out_of_reach(value.__module__ or ""):
                cloudpickle.register_pickle_by_value(sys.modules[value.__module__])
            return super().reducer_override(value)

    return Pickler


@lru_cache(maxsize=4096)
def _is_out_of_reach(name: str) -> bool:
    """Whether another interpreter would not find a module by its name."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or name.partition(".")[0] in OURS or not isinstance(file, str) or file.startswith(INSTALLED):
        return False
    return not _would_be_found(name, file)


def _would_be_found(name: str, file: str) -> bool:
    """Whether importing `name` by the path alone gives that file; packages above it are looked for, not imported."""
    path: Any = None
    spec = None
    parts = name.split(".")
    for at in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: at + 1]), path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return spec is not None and spec.origin is not None and Path(spec.origin) == Path(file)
