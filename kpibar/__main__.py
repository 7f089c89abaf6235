"""`python -m kpibar` is the `kpibar` command."""

from kpibar.cli import main

main()
