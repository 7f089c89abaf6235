"""The catalogue of KPIs as data, and the statements that count them.

Its own order, each line standing on those above it:

    errors facts
    catalogue
    compute
"""
