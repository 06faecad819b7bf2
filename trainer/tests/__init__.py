"""Tests of the trainer and the model server.

`python -m unittest discover -s trainer/tests -t .` from the project's root runs them.
"""

from trainer import runtime

runtime.prepare()
