"""The DuckDB file and its book: the engine, the tables, the ledger, the seal and the key of pseudonyms."""
