"""What the records of a source have in common, and what is doubtful about it."""
