"""The nodes: thin shells that unpack ComfyUI's inputs, call core, and pack the result."""
