"""The transport against its peers: ``run.py`` beside this file."""
