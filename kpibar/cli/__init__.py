"""The command line: its commands, their options, and what they write on the terminal."""

from kpibar.cli.app import main

__all__ = ["main"]
