"""Work counted instead of timed: the same number on every machine and under every load."""

import sys


def count_steps(work):
    """How many calls a piece of work makes, of functions in Python and in C; their returns count too."""
    steps = 0

    def look(frame, event, argument):
        nonlocal steps
        steps += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(before)
    return steps
