"""Tasks for assistants, over the Model Context Protocol: the same service behind the same walls, by another way in.

Imported only where it is switched on: the SDK takes 19 MB of memory and a third of a second.
"""
