"""Statistics of experiments: pure, and fed with sufficient statistics."""
