"""`${aws-sm:NAME}` and `${aws-sm:NAME#FIELD}`: AWS Secrets Manager, whole or one field of its JSON.

Owns: the call, through botocore, which finds credentials and region as every AWS tool does; what stands in `.env`
counts, too. `AWS_ENDPOINT_URL` leads elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

from proxy.config.secrets.sources import Around, Unavailable, fill, lacks_extra, text_of

_FROM_ENV = {
    "region_name": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint_url": ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"),
    "aws_access_key_id": ("AWS_ACCESS_KEY_ID",),
    "aws_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "aws_session_token": ("AWS_SESSION_TOKEN",),
}


class Source:
    def __init__(self, around: Around) -> None:
        try:
            import botocore.session  # noqa: PLC0415 -- an extra
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        except ImportError:
            raise lacks_extra("aws-sm", "aws") from None
        self._refused, self._failed = ClientError, BotoCoreError
        self._settings = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
        self._session = botocore.session.Session()
        self._given = {key: value for key, names in _FROM_ENV.items() if (value := _first(around.variables.get, names))}
        self._client: Any = None
        self._lock = Lock()
        self._secrets: dict[str, Future[str]] = {}

    def __call__(self, name: str) -> str:
        secret, _, field = name.partition("#")
        text = self._once(secret)
        if not field:
            return text
        try:
            document = json.loads(text)
        except ValueError:
            raise Unavailable("the secret is no JSON, so it has no fields") from None
        return text_of(document, field)

    def _once(self, secret: str) -> str:
        """Several fields of one secret take one call."""
        with self._lock:
            if known := self._secrets.get(secret):
                future, ours = known, False
            else:
                future, ours = self._secrets.setdefault(secret, Future()), True
        if ours:
            fill(future, lambda: self._get(secret))
        return future.result()

    def _get(self, secret: str) -> str:
        try:
            reply = self._made().get_secret_value(SecretId=secret)
        except self._refused as error:
            code = error.response.get("Error", {}).get("Code", "no code")
            raise Unavailable(f"AWS refuses it ({code})") from None
        except self._failed as error:  # no credentials, no region, no connection
            raise Unavailable(f"AWS can't be asked ({type(error).__name__})") from None
        if isinstance(text := reply.get("SecretString"), str):
            return text
        try:
            return bytes(reply.get("SecretBinary") or b"").decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(reply["SecretBinary"]).decode("ascii")

    def _made(self) -> Any:
        """One client for all: making one is slow and not safe in threads, using it is."""
        with self._lock:
            if self._client is None:
                try:
                    self._client = self._session.create_client("secretsmanager", config=self._settings, **self._given)
                except ValueError:
                    raise ValueError("AWS_ENDPOINT_URL or AWS_REGION is none that can be asked") from None
            return self._client


def _first(get: Callable[[str], str | None], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := get(name))), None)
