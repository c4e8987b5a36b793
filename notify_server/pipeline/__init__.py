"""The line: submit, store, dispatch, deliver, confirm, retry. Knows ports, never adapters.

``submit`` → store → ``dispatch`` → ``delivery`` → ``confirm``; ``catch_up`` for who comes back,
``due`` and ``expiry`` for what the clock brings.
"""
