"""A report becomes text, HTML, Markdown, JSON, CSV or a workbook; no renderer computes a KPI.

`table` holds a printed report as data, cells with roles; `page` makes it of a barometer, and `terminal` walks it.
It is the only file, with `grid`, that knows of widths and styles; `html` has a style sheet of its own. `tidy` is the
report as a long table; `workbook` is the one for Excel. `formats` lists what a
report can be written as. `versions` brings older documents to the present one.

Its own order, each line standing on those above it:

    clean numbers output table
    marks messages
    methods summary
    passport
    cells listings tidy versions withdrawals
    audit notes overview
    document page
    grid html markdown workbook
    terminal
    answers formats
"""
