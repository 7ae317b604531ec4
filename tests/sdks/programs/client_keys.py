"""Puts a client's key where tools without an SDK of their own do: `client_keys.py NAME URL KEY`.

What they think of the made-up answer does not matter here: what reached the API does.
"""

from __future__ import annotations

import sys


def algolia_like(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/1/indexes", headers={"x-algolia-api-key": key}, timeout=9)


def basic(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/x", auth=(key, ""), timeout=9)


def gemini_live(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/ws?key={key}", timeout=9)


def stale_beside(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/x", headers={"Authorization": "Bearer stale", "x-api-key": key}, timeout=9)


def s3_presigned(url: str, key: str) -> None:
    """In both versions: boto3 presigns in the older one where it is not told."""
    import boto3
    import requests
    from botocore.config import Config

    for version in ("s3v4", None):
        client = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id=key,
            aws_secret_access_key="made-up",
            region_name="us-east-1",
            config=Config(signature_version=version),
        )
        requests.get(client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}), timeout=9)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
