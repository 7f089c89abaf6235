"""What the columns of a vendor's export mean.

Its own order, each line standing on those above it:

    errors expression
    origins
    bindings guards vocabulary
    layout shapes
    last_record settings
"""
