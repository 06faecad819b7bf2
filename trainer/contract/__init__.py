"""What every engine of training shares: the job file, its rows and rewards, metrics, states, the result."""
