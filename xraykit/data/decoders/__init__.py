"""Picture files to grey pictures, one module per kind of file."""
