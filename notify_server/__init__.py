"""notify-server: a self-hosted real-time notification server.

Start with ``docs/architecture.md``; the words are in ``docs/glossary.md``.
"""

__version__ = "0.1.0"
