"""A report becomes text, JSON or CSV; no renderer computes a KPI.

Its own order, each line standing on those above it:

    clean numbers output
    marks messages progress summary
    document listings page withdrawals
    grid
    footer
    terminal
"""
