"""What the columns of a vendor's export mean."""
