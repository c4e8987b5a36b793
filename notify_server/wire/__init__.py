"""Event names, schemas, the error table, and the way between domain and wire. No I/O."""
