"""Writers of phantoms, one module for each layout of a collection."""
