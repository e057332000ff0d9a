"""A runtime that was started before it was known for which function: it waits for ASSIGN, then is that function's."""

import os
import time


def take_assignment(channel):
    """Makes the variables of ASSIGN those of the process; False when the host has gone."""
    variables = channel.assignment()
    if variables is None:
        return False
    # Python has set this one itself when it started (PEP 538); functions of AWS see it too.
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}
    os.environ.clear()
    os.environ.update(coerced | variables)
    # The C library has read the variables of the start.
    time.tzset()
    return True
