"""Keeps garbage collections short where much is held for long: what stays is not looked at again and again."""

import gc


def spare() -> None:
    """Take what there is, and is no garbage, out of every later collection: a full one takes tens of ms, and more.

    What is spared must be free of cycles when it goes; a cycle in it would never be found.
    """
    gc.collect()
    gc.freeze()
