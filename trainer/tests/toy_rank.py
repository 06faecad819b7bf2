"""A rank that computes nothing: what it does is its argument."""

import os
import signal
import sys
import time

from trainer.contract.attempt import StopRequest
from trainer.distributed import die_with_parent, hand_back, listen

WORDS = die_with_parent()
what, second = sys.argv[1], os.environ["RANK"] == "1"
if what == "place":
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "ACCELERATE_USE_FSDP", "NODE_RANK")
    hand_back(WORDS, {"place": {name: os.environ.get(name) for name in names}})
elif what == "killed" and second:
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "mute" and second:
    sys.exit(3)
elif what == "fails":
    if second:
        # What a rank says of another's failure comes later than that.
        time.sleep(0.5)
    message = "Connection closed by peer" if second else "the disk is full"
    hand_back(WORDS, {"failed": "app" if second else "infra", "message": message, "notes": {"rows": 1}})
    sys.exit(1)
elif what == "stops":
    # Asked before it listens.
    time.sleep(1)
    stop = StopRequest()
    listen(stop)
    while not stop.asked:
        time.sleep(0.01)
    hand_back(WORDS, {"preempted": 7})
else:
    time.sleep(60)
