"""LlamaIndex's ingestion as its documentation shows it: reader, splitter, local embedding, Chroma.

python bench/peers/llamaindex_ingest.py FOLDER STORE MODEL_FOLDER CHUNK_SIZE
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

import chromadb
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore


def main() -> None:
    """Ingests a folder and prints what went in."""
    folder, store, model, size = sys.argv[1:]
    started = perf_counter()
    collection = chromadb.PersistentClient(path=store).get_or_create_collection("documents")
    documents = SimpleDirectoryReader(folder, recursive=True).load_data()
    pipeline = IngestionPipeline(
        transformations=[
            SentenceSplitter(chunk_size=int(size), chunk_overlap=0),
            HuggingFaceEmbedding(model_name=model),
        ],
        vector_store=ChromaVectorStore(chroma_collection=collection),
    )
    nodes = pipeline.run(documents=documents)
    characters = sum(len(node.get_content()) for node in nodes)
    print(json.dumps({"chunks": len(nodes), "characters": characters, "seconds": perf_counter() - started}))


if __name__ == "__main__":
    main()
