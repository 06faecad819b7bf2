"""The job's rows as verl reads them: a Parquet table in the order in which training sees them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from trainer.contract.chats import Chats
from trainer.contract.failures import JobFailure
from trainer.contract.rows import Row

ROWS_AT_ONCE = 1_024
TEXT = pyarrow.string()
SCHEMA = pyarrow.schema(
    {
        "data_source": TEXT,
        "prompt": pyarrow.list_(pyarrow.struct({"role": TEXT, "content": TEXT})),
        "reward_model": pyarrow.struct({"style": TEXT, "ground_truth": TEXT}),
        "extra_info": pyarrow.struct(
            {"index": pyarrow.int64(), "itemId": TEXT, "thinks": pyarrow.bool_(), "thought": pyarrow.bool_()}
        ),
    }
)


def table_row(row: Row, index: int, chats: Chats) -> dict[str, Any]:
    """Raises JobFailure (class data) for a message that says more than its role and content, which verl drops."""
    for message in row.prompt:
        if more := sorted(message.keys() - {"role", "content"}):
            problem = f"row {row.item_id} has a message with {', '.join(more)}, which the engine verl cannot take"
            raise JobFailure("data", f"{problem}; leave it out, or train by another engine")
    prompt = chats.prompt(row)
    return {
        "data_source": row.task,
        "prompt": [{"role": message["role"], "content": message["content"]} for message in row.prompt],
        # The reward service knows the row by its id; there is no other truth.
        "reward_model": {"style": "rule", "ground_truth": row.item_id},
        "extra_info": {"index": index, "itemId": row.item_id, "thinks": prompt.thinks, "thought": prompt.thought},
    }


def write_rows(path: Path, rows: Sequence[Row], order: Sequence[int], chats: Chats) -> None:
    """`order` are the rows of all steps, one after another: a row stands there as often as it is seen."""
    known: dict[int, dict[str, Any]] = {}
    draft = path.with_suffix(".draft")
    with pyarrow.parquet.ParquetWriter(draft, SCHEMA, compression="zstd") as writer:
        for start in range(0, len(order), ROWS_AT_ONCE):
            chunk = order[start : start + ROWS_AT_ONCE]
            for number in chunk:
                if number not in known:
                    known[number] = table_row(rows[number], number, chats)
            writer.write_table(pyarrow.Table.from_pylist([known[number] for number in chunk], SCHEMA))
    draft.replace(path)
