"""LINK: the canonical tables become fact tables, by plain portable SQL files run in the order of their names.

Each file is one SELECT whose header states grain and key; its rows replace the table named after it
(`10_orders.sql` fills `fact_orders`). A file whose name ends in `.view.sql` becomes a view instead: it costs nothing
until it is read, and then only for the columns that are read. Two things are written in by text before it runs:
`{name}` becomes the threshold of that name in kpibar.toml, and `seconds_between(later, earlier)` the portable way to
say it. The SQL is the subset that DuckDB and Spark answer alike (tests/test_portable_sql.py, tests/conformance.py).
"""
