"""Models: base models, merging, export, GGUF files, and talking to them."""
