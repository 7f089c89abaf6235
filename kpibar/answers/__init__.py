"""Questions that a barometer raises, answered from the same facts: what happened to an order, why a figure moved.

Its own order, each line standing on those above it:

    costs errors headline terms
    lateness order_contacts order_kpis order_parcels order_records order_silence population
    bridge mix notices order_search records
    explain order wismo
"""
