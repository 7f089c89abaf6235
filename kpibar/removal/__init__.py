"""People, periods and files are taken out of a database, whose file is then written anew; keys are changed.

Its own order, each line standing on those above it:

    errors
    people rewrite
    erasure files
    rotation
"""
