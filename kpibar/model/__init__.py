"""LINK: the canonical tables become fact tables, by plain portable SQL files run in the order of their names.

Each file is one SELECT whose header states grain and key; its rows replace the table named after it
(`10_orders.sql` fills `fact_orders`). Two things are written in by text before it runs: `{name}` becomes the
threshold of that name in kpibar.toml, and `seconds_between(later, earlier)` the portable way to say it.
"""
