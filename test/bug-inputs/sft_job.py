"""One step of sft on a base, with a prompt and a completion as given (escapes such as \\ud835 are read):

python sft_job.py BASE_FOLDER [PROMPT [COMPLETION]]
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from trainer.contract.files import checkpoint_digest  # noqa: E402

base = Path(sys.argv[1]).resolve()
given = [text.encode().decode("unicode_escape") for text in sys.argv[2:4]]
prompt, completion = [*given, *["check step one", "ok"][len(given) :]]
work = Path(tempfile.mkdtemp(prefix="sft-job-"))
row = {"task": "prove", "prompt": [{"role": "user", "content": prompt}], "meta": {}, "completion": completion}
rows = [json.dumps({"itemId": f"i{number}", **row}, ensure_ascii=False) + "\n" for number in range(2)]
data = work / "rows.jsonl"
# Halves of surrogate pairs as JSON.stringify writes them.
halves = {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
data.write_text("".join(rows).translate(halves), encoding="utf-8")
sha256 = hashlib.sha256(data.read_bytes()).hexdigest()
job = {
    "jobKey": "try",
    "attempt": 1,
    "kind": "sft",
    "engine": "small",
    "engineOptions": {},
    "initCheckpoint": {"uri": base.as_uri(), "sha256": checkpoint_digest(base)},
    "datasets": [{"role": "proofs", "uri": data.as_uri(), "sha256": sha256, "rows": 2, "weight": 1}],
    "hyper": {
        "rowsPerStep": 2,
        "maxSteps": 1,
        "learningRate": 1e-4,
        "warmupSteps": 0,
        "maxPromptTokens": 4096,
        "maxCompletionTokens": 4096,
        "checkpointEverySteps": 1,
        "seed": 1,
    },
    "resources": {"nodes": 1, "gpusPerNode": 0, "wallSeconds": 60},
    "output": {"uri": (work / "out").as_uri(), "checkpoints": (work / "checkpoints").as_uri()},
    "resume": "auto",
}
(work / "job.json").write_text(json.dumps(job))
command = [sys.executable, "-m", "trainer.train", str(work / "job.json")]
done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
result = work / "out" / "result.json"
print("exit", done.returncode, result.read_text() if result.exists() else done.stderr[-600:])
print("files:", *sorted(f"{path.parent.name[:8]}/{path.name}" for path in (work / "checkpoints").rglob("*")))
print("folder:", work)
