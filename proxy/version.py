"""The version of this package: the one place that says it. Must not know: anything else."""

__version__ = "0.1.0"
