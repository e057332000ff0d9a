"""A runtime that was started before it was known for which function: it waits for ASSIGN, then is that function's."""

import os
import time


def take_assignment(channel):
    """Makes the variables of ASSIGN those of the process; False when the host has gone."""
    variables = channel.assignment()
    if variables is None:
        return False
    os.environ.clear()
    os.environ.update(variables)
    # The C library has read the variables of the start.
    time.tzset()
    return True
