"""Other people's files: their bytes become tasks, and words on whatever does not become part of one."""
