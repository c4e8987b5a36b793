"""What ``benchmarks/run.py`` measures with; nothing here is installed with the server."""
