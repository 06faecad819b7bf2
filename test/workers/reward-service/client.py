"""The trainer's client as a process: `client.py URL TOKEN`.

A line of stdin is `[patience, items]`, items as they are posted, or a number and a size in KiB; a line of stdout is
what came of it.
"""

import json
import sys

from trainer.contract.failures import JobFailure
from trainer.contract.rewards import Patience, RewardClient

url, token = sys.argv[1:]
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    patience, items = json.loads(line)
    if isinstance(items[0], int):
        count, kib = items
        items = [
            {"itemId": "p1", "response": f"{number} ".ljust(kib * 1024, "x"), "truncated": False}
            for number in range(count)
        ]
    try:
        came = RewardClient(url, token, Patience(**patience)).score(items).values
    except JobFailure as failure:
        came = f"{failure.failure_class}: {failure}"
    print(json.dumps(came), flush=True)
