"""What may be shown of a value of unknown kind: its shape, not what it says (see `kpibar.showing`)."""

from kpibar.showing import LONGEST, blanked

__all__ = ["LONGEST", "blanked"]
