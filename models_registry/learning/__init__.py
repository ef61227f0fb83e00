"""Learning, as pure sums: arrays in, a model and its figures out. No Django; usable from a notebook on a CSV."""
