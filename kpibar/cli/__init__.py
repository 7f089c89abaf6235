"""The command line: its commands, their options, and what they write on the terminal.

Its own order, each line standing on those above it:

    completion demo errors help progress
    console options
    outputs targets withdrawals
    audit explain order sql wismo
    app
"""

from kpibar.cli.app import main

__all__ = ["main"]
