"""What ends a command, as opposed to what happens to one item."""


class FleetError(Exception):
    """Wrong usage, or something without which no run is possible. The command ends with status 2."""
