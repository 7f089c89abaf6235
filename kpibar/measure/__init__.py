"""Fact tables become a report: figures, comparisons, and what is to be said of them."""
