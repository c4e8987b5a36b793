"""The command line: argv in, exit code out. ``main`` is the entry; one module for each command."""
