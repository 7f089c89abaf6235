"""A report as one HTML file that needs nothing else: no script, no font, no picture, no address; and as a picture.

`svg` makes drawings as data, `drawings` those of a row, `sections` the parts of the report with their texts, and
`writer` fills `report.html.j2` and `report.css` with them; `slide` makes of some of them a picture, and `browser` has a
browser of the machine print the page or paint the picture. No figure is computed here, and none is masked.
"""
