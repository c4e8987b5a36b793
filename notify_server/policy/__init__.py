"""Pure decisions over tables: facts and now in, an answer with its reason out. No I/O."""
