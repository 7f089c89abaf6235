"""LINK: the canonical tables become fact tables, by plain portable SQL files run in the order of their names.

Each file is one SELECT whose header states grain and key; its rows replace the table named after it
(`10_orders.sql` fills `fact_orders`). A file whose name ends in `.view.sql` becomes a view instead: it costs nothing
until it is read, and then only for the columns that are read. Two things are written in by text before it runs:
`{name}` becomes the threshold of that name in kpibar.toml, and `seconds_between(later, earlier)` the portable way to
say it. The SQL is the subset that DuckDB and Spark answer alike (tests/test_portable_sql.py, tests/conformance.py).

Where to read what:

- an order, its promise, and when it is late: 10_orders; what a carrier's status says: 06_statuses
- a contact, and which contacts count: 22_contacts (a view of 20_episodes and of the 15_profiles they share)
- a call of several legs, and the ticket that a helpdesk opened for it: 11_calls to 14_records
- how a contact is tied to an order: 17_link_kinds, 18_links, 19_call_orders
- an issue and a journey: 30_issues, 31_journeys
- a survey answer, and the boxes it is counted in: 40_surveys

`columns.toml` says what each column of the tables means, these and the canonical ones.

Its own order, each line standing on those above it:

    build meanings
"""
