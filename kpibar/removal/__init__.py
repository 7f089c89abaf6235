"""People, periods and files are taken out of a database, whose file is then written anew; keys are changed."""
