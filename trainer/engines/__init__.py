"""Engines of training, each a folder that keeps the duties of trainer/contract."""
