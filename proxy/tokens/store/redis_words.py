"""Why Redis can't be used, in words for who operates it.

Owns: which of redis-py's errors means what. Redis's and redis-py's own words stay where they are clear; a class name
never is. Must not know: calls. What a server says may quote what was sent: no password gets through.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator

from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterCrossSlotError,
    ClusterDownError,
    InvalidResponse,
    MasterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    TimeoutError,  # noqa: A004 -- redis-py's own, which is no OSError
)

from proxy.values.redis_url import RedisUrl

RIGHTS = "; docs/stores.md lists the commands that it needs"
_LONGEST = 200
_OF_CLUSTERS = (MovedError, AskError, ClusterCrossSlotError, ClusterDownError)
_NO_PASSWORD_SET = re.compile(r"no password is set|without any password configured")
_NO_RIGHT = re.compile(r"can't run this command|NOPERM|ACL failure in script|user executing the script can't")
# What a server puts around the words of a command that failed in a script, by version.
_SCRIPT = re.compile(
    r"Error running script \([^)]*\): |@?user_script:? ?\d*: ?|,? ?script: \w+(, on @user_script:\d+)?\.?"
)
_CODE = re.compile(r"^-?(ERR |NOPERM |OOM |READONLY |MISCONF |NOREPLICAS |WRONGTYPE )+")
_QUOTED = re.compile(r",? with args beginning with.*", re.DOTALL)


def reason(error: BaseException, url: RedisUrl, *, met: bool) -> str:
    """`met`: it has answered before, so that the URL can't be wrong."""
    words = _of_password(error, url) or _of_place(error, url) or _of_tls(error, url) or _of_system(error)
    words = words or _own(str(error), url)
    if not met and _silent(error):
        words += _other_scheme(url)
    return words


def _of_password(error: BaseException, url: RedisUrl) -> str | None:
    if not isinstance(error, AuthenticationError):
        return None
    if _NO_PASSWORD_SET.search(str(error)):
        return "it has no password, and the URL has one"
    if url.password is None:
        return "it wants a password, and the URL has none: redis://[USER]:PASSWORD@HOST"
    return "wrong user name or password"


def _of_place(error: BaseException, url: RedisUrl) -> str | None:
    """A Redis, but not one that serves."""
    text = str(error)
    of_cluster = isinstance(error, _OF_CLUSTERS) and not isinstance(error, MasterDownError)
    if of_cluster or "cluster mode" in text:
        return "it is a node of a Redis Cluster, which can't be used; give the address of one primary"
    if isinstance(error, InvalidResponse):
        return "what answers there is not a Redis"
    if isinstance(error, ReadOnlyError) or "READONLY" in text:
        return "it is a replica, which can't be written to; give the address of the primary"
    if "DB index is out of range" in text or "invalid DB index" in text:
        return f"it has no database {url.database}"
    if isinstance(error, NoPermissionError) or _NO_RIGHT.search(text):
        return _own(text, url) + RIGHTS
    return None


def _of_tls(error: BaseException, url: RedisUrl) -> str | None:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, FileNotFoundError | PermissionError | IsADirectoryError) and url.tls:
            return f"a file of ssl_ca_certs, ssl_certfile or ssl_keyfile: {os.strerror(cause.errno or 0)}"
        if isinstance(cause, ssl.SSLError):
            if cause.reason in ("NO_CERTIFICATE_OR_CRL_FOUND", "PEM_LIB") or "NO_START_LINE" in str(cause):
                return "a file of ssl_ca_certs, ssl_certfile or ssl_keyfile holds no certificate or key"
            if cause.reason == "WRONG_VERSION_NUMBER":
                return "it doesn't speak TLS; write redis:// for rediss://"
            return f"TLS: {(cause.reason or 'failed').replace('_', ' ').lower()}"
    return None


def _of_system(error: BaseException) -> str | None:
    for cause in _causes(error):
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError):
            number = cause.errno if cause.errno is not None else _number_in(str(cause))
            if number is not None:
                return os.strerror(number) if number > 0 else str(cause.strerror)
    return None


def _number_in(text: str) -> int | None:
    """asyncio joins the errors of several addresses into a text."""
    match = re.search(r"\[Errno (\d+)\]", text)
    return None if match is None else int(match[1])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _silent(error: BaseException) -> bool:
    """It took the connection and said nothing: as where one side speaks TLS and the other does not."""
    return isinstance(error, TimeoutError) or "closed by server" in str(error).lower()


def _other_scheme(url: RedisUrl) -> str:
    return "; if it doesn't speak TLS, write redis://" if url.tls else "; if this port speaks TLS, write rediss://"


def _own(text: str, url: RedisUrl) -> str:
    """The server's words, or redis-py's: one short line without what was sent."""
    text = _CODE.sub("", _SCRIPT.sub("", _QUOTED.sub("", text)).strip())
    for secret in filter(None, (url.password, url.user)):
        text = text.replace(secret, "***")
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())[:_LONGEST] or "it gave no reason"
