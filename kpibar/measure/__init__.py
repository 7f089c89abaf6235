"""Fact tables become a report: figures, comparisons, and what is to be said of them.

Its own order, each line standing on those above it:

    coverage deliveries duplicates errors selection
    estimates period
    reach
    succession
    inputs
    comparability
    figures
    barometer
    circulation
"""
