"""The shell's grammar, as far as it takes to see which program of a command failed."""
