"""What no answer can be given to, in words."""
