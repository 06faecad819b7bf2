"""The engine for several nodes: GRPO through verl, a program of its own (README.md).

This process reads the job, writes what verl reads, starts it and sees it through; it needs no GPU and no verl. Within
verl, on the cluster's GPUs, run `manager` (rewards) and `plugin` (advantages, and when to stop).
"""
