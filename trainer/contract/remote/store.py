"""The calls of S3 that a training makes, by boto3: endpoint, region and credentials by AWS's standard chain."""

import functools
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from trainer.contract.failures import JobFailure, Preempted
from trainer.contract.remote.patience import asked_to_stop, code_of, status_of, waited
from trainer.contract.remote.roots import Address

PART_BYTES = 16 * 2**20
"""Of an upload in parts or a download in ranges. Ours: twice those of boto3, for files of gigabytes."""
AT_ONCE = 8


class Found(NamedTuple):
    data: bytes
    tag: str
    """Changes with every write."""


def client(waits: bool = True) -> Any:
    """Path style wherever an endpoint is named that is not AWS's own. One that does not wait gives up soon.

    Raises JobFailure (class app) without boto3.
    """
    return made(waits)


@functools.cache
def made(waits: bool) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        problem = f"a store on S3 needs the package boto3, which this Python has not ({error})"
        raise JobFailure("app", f"{problem}; install trainer/requirements.lock") from error

    # They tell where each credential was found.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    session = boto3.session.Session()
    # boto3 itself reads AWS_DEFAULT_REGION alone.
    region = os.environ.get("AWS_REGION") or session.region_name or "us-east-1"
    retries = {"mode": "standard", "total_max_attempts": 3 if waits else 1}
    times = {"connect_timeout": 10, "read_timeout": 30} if waits else {"connect_timeout": 3, "read_timeout": 5}
    settings = Config(**times, retries=retries, max_pool_connections=4 * AT_ONCE)
    plain = session.client("s3", region_name=region, config=settings)
    if "amazonaws.com" in plain.meta.endpoint_url:
        return plain
    path_style = settings.merge(Config(s3={"addressing_style": "path"}))
    return session.client("s3", region_name=region, config=path_style)


@functools.cache
def transfers() -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=AT_ONCE)


def read(address: Address, waits: bool = True) -> Found | None:
    """None where nothing lies there."""

    def work() -> Found | None:
        from botocore.exceptions import ClientError

        try:
            answer = client(waits).get_object(Bucket=address.bucket, Key=address.key)
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise
        return Found(answer["Body"].read(), answer["ETag"])

    return waited(f"read {address}", work, waits)


def size_of(address: Address) -> int | None:
    """In bytes; None where nothing lies there."""

    def work() -> int | None:
        from botocore.exceptions import ClientError

        try:
            return int(client().head_object(Bucket=address.bucket, Key=address.key)["ContentLength"])
        except ClientError as error:
            # A HEAD has no body that would say more.
            if status_of(error) == 404:
                return None
            raise

    return waited(f"read {address}", work)


def write(address: Address, data: bytes, waits: bool = True) -> str:
    """The tag of what is there now."""
    place = {"Bucket": address.bucket, "Key": address.key}
    return waited(f"write {address}", lambda: client(waits).put_object(**place, Body=data), waits)["ETag"]


def write_if(address: Address, data: bytes, tag: str | None, waits: bool = True) -> str | None:
    """Writes where what lies there has that tag still, or, for None, where nothing does. None: it was not so."""

    def work() -> str | None:
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            return client(waits).put_object(Bucket=address.bucket, Key=address.key, Body=data, **condition)["ETag"]
        except ClientError as error:
            # 404: what should have had the tag is gone.
            if status_of(error) == 412 or code_of(error) == "NoSuchKey":
                return None
            raise

    return waited(f"write {address}", work, waits)


def upload(path: Path, address: Address) -> None:
    """A file of any size; visible once it is whole."""
    named = {"Bucket": address.bucket, "Key": address.key, "Config": transfers()}
    waited(f"write {address}", lambda: client().upload_file(str(path), **named))


def download(address: Address, path: Path, size: int) -> None:
    """A file of any size; it appears once it is whole. Raises Preempted where the attempt is asked to stop."""

    def look(_: int) -> None:
        if asked_to_stop():
            raise Preempted(0)

    def work() -> None:
        look(0)
        client().download_file(address.bucket, address.key, str(path), Config=transfers(), Callback=look)
        if path.stat().st_size != size:
            raise ConnectionError(f"{path.stat().st_size} bytes came, not {size}")

    waited(f"read {address}", work)


def listed(address: Address) -> dict[str, int]:
    """What lies below an address, by its name from there, and how many bytes it has."""

    def work() -> dict[str, int]:
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=f"{address.key}/")
        entries = [entry for page in pages for entry in page.get("Contents", [])]
        names = {entry["Key"][len(address.key) + 1 :]: int(entry["Size"]) for entry in entries}
        # Some servers list folders as well.
        return {name: size for name, size in sorted(names.items()) if name and not name.endswith("/")}

    return waited(f"list {address}", work)


def remove(addresses: Iterable[Address], waits: bool = True) -> None:
    """One after another, in that order; what is not there is left out."""
    for address in addresses:
        place = {"Bucket": address.bucket, "Key": address.key}
        waited(f"remove {address}", lambda place=place: client(waits).delete_object(**place), waits)
