"""Bytes become records of text; no vendor and no layout is known here.

Its own order, each line standing on those above it:

    alphabets columns errors mojibake scan workbook_marks
    archive frame json_records lines quotes workbook
    dialect encoding records source
    footer tables
    export reader
"""
