"""The store on SQLite: one file, one writer thread with group commit, a few reading connections.

``store.py`` puts the parts together; ``app`` makes the one ``SqliteStore`` of a process.
"""
