"""An application that is never ready: while its worker begins, it does not listen to signals."""

import time


def application() -> None:
    """Say that the worker has begun, and go no further."""
    print("begun", flush=True)
    time.sleep(600)
