"""Engines of the store port; each sub-package owns its one library."""
