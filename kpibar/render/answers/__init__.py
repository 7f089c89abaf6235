"""Answers become text and JSON, in English and French: an order, an explanation, WISMO."""
