"""Text becomes a typed value: numbers, durations, instants, and the formulas of layouts and KPIs.

Its own order, each line standing on those above it:

    errors formats functions notation syntax
    decimals durations formula half_days instants kept_text nobody numbers telephones timezones
    timestamps
    date_order helpers sequence
    ticks
"""
