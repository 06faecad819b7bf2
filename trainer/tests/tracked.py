"""`python -m trainer.tests.tracked FOLDER FIRST LAST`: an attempt that writes these steps, as any engine does."""

import logging
import sys
from pathlib import Path

from trainer.contract.metrics import Metrics, MetricsLine

logging.basicConfig(format="%(message)s", level=logging.WARNING)
folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
metrics = Metrics(folder / "metrics.jsonl")
for step in range(first, last + 1):
    line = MetricsLine(step=step, reward=step / 10, step_seconds=1.0, entropy=1 / step, components={"format": 1.0})
    metrics.write(line)
