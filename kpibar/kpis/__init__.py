"""The catalogue of KPIs as data, what differs between their kinds, and the statements that count them.

Its own order, each line standing on those above it:

    dependence errors facts intervals survival
    attribution decomposition estimates sampling
    stocks times
    masking
    weighting
    kinds
    passport
    catalogue
    filter
    compute
    time_cells
"""
