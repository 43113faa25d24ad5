"""The only place that imports ComfyUI, and only inside functions, so that the pack imports anywhere."""
