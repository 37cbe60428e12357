"""Pure analyses: a run in, a frozen result out; no clock, no printing, no file system."""
