"""Measures the product beside its peers. `python -m benchmarks [engine|queue|start|live …]` prints the tables."""
