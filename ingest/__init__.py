"""The ingestion layer: from files and addresses to committed documents."""
