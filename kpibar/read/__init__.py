"""Bytes become records of text; no vendor and no layout is known here."""
