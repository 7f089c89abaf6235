"""Text becomes a typed value: numbers, durations, instants, and the formulas of layouts and KPIs.

How a cell becomes a number or a duration stands in numbers.sql and durations.sql, as macros; instants, whose SQL
depends on the zone and the formats of a column, are written by timestamps.

Its own order, each line standing on those above it:

    errors formats functions macros notation syntax
    decimal_signs formula half_days instants kept_text nobody quantities telephones timezones
    timestamps
    date_order helpers sequence
    ticks
"""
