"""One export file, one transaction: read, typed, judged, merged, and accounted for."""
