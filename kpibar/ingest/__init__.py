"""READ: any export becomes rows of the canonical tables, and nothing is lost on the way."""
