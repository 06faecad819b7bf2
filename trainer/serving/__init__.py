"""The model server behind trainer/serve.py."""
