"""Many clients in one process: ``simulate`` and ``probe`` speak the protocol with them."""
