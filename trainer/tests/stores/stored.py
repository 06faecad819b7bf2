"""A training job of a store, as courses.py has one of a folder: its nodes have nothing in common but the store."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trainer.contract.files import checkpoint_digest
from trainer.contract.remote import kept, store
from trainer.tests.courses import Course
from trainer.tests.stores.gateway import Gateway, at


def put_base(base: Path) -> dict[str, str]:
    """A checkpoint in the store, as a job file names it."""
    digest = checkpoint_digest(base)
    address = at("checkpoints", digest)
    kept.upload_all(base, list(kept.names_in(base)), address)
    return {"uri": str(address), "sha256": digest}


class StoredCourse(Course):
    """Attempts run on the node `node`."""

    def __init__(
        self,
        gateway: Gateway,
        folder: Path,
        engine: str,
        kind: str,
        base: Path,
        options: dict[str, Any] | None = None,
    ):
        super().__init__(folder, engine, kind, base, options)
        self.gateway = gateway
        self.node = 1
        self.endpoint = gateway.environment["AWS_ENDPOINT_URL_S3"]
        name = "-".join(folder.parts[-3:])
        self.place = at("jobs", name)
        for dataset in self.value["datasets"]:
            address = at("datasets", name, "rows.jsonl")
            store.upload(folder / "rows.jsonl", address)
            dataset["uri"] = str(address)
        self.value["initCheckpoint"] = put_base(base)
        self.value["output"] = {"uri": str(self.place), "checkpoints": str(at("checkpoints"))}

    def told(self, job: dict[str, Any]) -> str:
        address = self.place.below(f"job-{job['attempt']}.json")
        store.write(address, json.dumps(job).encode())
        return str(address)

    def environment(self) -> dict[str, str]:
        node = {"FLYWHEEL_CACHE": str(self.folder / "nodes" / str(self.node)), "AWS_ENDPOINT_URL_S3": self.endpoint}
        return {**super().environment(), **self.gateway.environment, **node}

    def tear(self, text: str) -> None:
        """Lines are whole in a store; whoever else writes there need not keep to it."""
        store.write(self.place.below("metrics.jsonl"), (self.read("metrics.jsonl") or b"") + text.encode())

    def move(self) -> None:
        """To a node that has nothing."""
        self.node += 1

    def read(self, name: str) -> bytes | None:
        found = store.read(self.place.below(name))
        return None if found is None else found.data

    def checkpoint(self) -> tuple[str, str]:
        named = self.result()["checkpoint"]
        address = at("checkpoints", named["sha256"])
        assert named["uri"] == str(address), named
        with TemporaryDirectory() as folder:
            for name, size in store.listed(address).items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                store.download(address.below(name), path, size)
            return named["sha256"], checkpoint_digest(Path(folder))
