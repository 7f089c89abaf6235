"""The DuckDB file and its book: the engine, the tables, the ledger, the seal and the key of pseudonyms.

Its own order, each line standing on those above it:

    errors schema scratch signals
    engine
    migrations
    store
    key ledger seal
    key_files
"""
