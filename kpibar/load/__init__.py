"""One export file, one transaction: read, typed, judged, merged, and accounted for.

Its own order, each line standing on those above it:

    errors keys masks promises repair
    corrections identifiers mapping outcome
    typed
    plan rejects
    counts forgotten identify staging
    merge
    brands classification codes unread
    transaction
    trial
    ingest
"""
