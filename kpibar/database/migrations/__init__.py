"""The layouts of the tables of earlier versions, and the steps from one to the next; see README.md beside this."""
