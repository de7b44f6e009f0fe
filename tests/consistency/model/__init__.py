"""An explicit-state model of the fence protocol: the proof that it holds, and of what each part of it is for."""
