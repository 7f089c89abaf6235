"""`python -m kpibar` is the `kpibar` command."""

from kpibar.cli.app import main

main()
