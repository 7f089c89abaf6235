"""Fact tables become a report: figures, comparisons, and what is to be said of them.

Its own order, each line standing on those above it:

    errors report
    coverage deliveries duplicates period selection verdicts
    reach
    succession
    inputs observations
    breakdown recording
    figures
    participation
    comparability
    notes
    barometer
    circulation
"""
