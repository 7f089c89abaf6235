"""A report as a workbook for Excel.

Its own order, each line standing on those above it:

    book
    spreadsheet
"""
