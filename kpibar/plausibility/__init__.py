"""What the records of a source have in common, and what is doubtful about it.

Its own order, each line standing on those above it:

    accounts answers brands open_records references twins uniformity
"""
