"""What may be shown of content, and where personal data stands in a text.

Its own order, each line standing on those above it:

    calling_codes
    personal
    disclosure
"""
