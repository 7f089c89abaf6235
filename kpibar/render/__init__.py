"""A report becomes text, HTML, JSON or CSV; no renderer computes a KPI.

`table` holds a printed report as data, cells with roles; `page` makes it of a barometer, and `terminal` walks it.
It is the only file, with `grid`, that knows of widths and styles; `html` has a style sheet of its own. `formats` lists
what a report can be written as.

Its own order, each line standing on those above it:

    clean numbers output table
    marks messages methods
    summary
    cells listings withdrawals
    audit notes overview
    document page
    grid html
    terminal
    formats
"""
