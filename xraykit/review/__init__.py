"""A page on this machine to review cases: worklist, radiograph, heat maps, probabilities, the reader's labels."""
