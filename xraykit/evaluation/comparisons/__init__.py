"""Two models on the same radiographs, one model in several groups, and a model against a baseline of metadata."""
