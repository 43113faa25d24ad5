"""A real ComfyUI to try and test the pack in: how it is fetched, started, driven and shown. Standard library only,
except where a module says that it runs inside ComfyUI's own environment."""
