"""Recorded reasons are compared with what people read in a sample of contacts, and figures are corrected by it.

Its own order, each line standing on those above it:

    errors strata
    labels sample
    correction
"""
