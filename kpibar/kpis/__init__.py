"""The catalogue of KPIs as data, what differs between their kinds, and the statements that count them.

Its own order, each line standing on those above it:

    errors facts intervals survival
    estimates sampling
    stocks
    masking
    weighting
    kinds
    passport
    catalogue
    compute
"""
