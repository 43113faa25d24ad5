"""What the nodes compute: plain functions over tensors, numbers and text that know nothing of ComfyUI."""
