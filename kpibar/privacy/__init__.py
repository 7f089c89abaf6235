"""What may be shown of content, and where personal data stands in a text."""
