"""Trainings whose store is S3."""
