"""One order, as its customer lived it: how its number is searched, what happened, where it is silent, who counts it.

Its own order, each line standing on those above it:

    contacts kpis parcels records silence
    omissions search
    story
"""
