"""Writes a base that thinks before it answers: `python test/long/thinkingBase.py OUT_FOLDER`.

That of the domain implications, whose chat template opens the thinking. A token depends on the one before it alone, so
each task has a thought and an end of thinking of its own; the ends differ in the white space after `</think>`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "domains" / "implications" / "base"))
import make_base

SPACES = {"<prove>": "\n", "<self>": "\n\n", "<verify>": " \n", "<meta>": " \n\n"}


def think() -> None:
    for start, space in SPACES.items():
        thought, close = f"It may be so: {start[1:-1]}.\n", f"</think>{space}"
        make_base.NEXT[close] = make_base.NEXT[start]
        make_base.NEXT[thought] = {thought: 0.2, close: 0.8}
        make_base.NEXT[start] = {thought: 0.95, close: 0.05}
    make_base.WIDTH = 80
    # What opens the thinking stands before the token that says the task: the first one that is written depends on it.
    make_base.CHAT_TEMPLATE = make_base.CHAT_TEMPLATE.replace(
        "{{ ends.get(task, '<prove>') }}",
        "{% if not loop.last or add_generation_prompt %}<think>\n{{ ends.get(task, '<prove>') }}{% endif %}",
    )


if __name__ == "__main__":
    think()
    make_base.main(Path(sys.argv[1]))
