"""Questions that a barometer raises, answered from the same facts: what happened to an order, why a figure moved.

Its own order, each line standing on those above it:

    coverage errors headline ranking spending terms
    costs population query
    lateness
    bridge mix notices orders reconciliation
    records wismo
    explain
"""
