"""The jobs of a run that are out: what each does now, by its node and by the scheduler."""
