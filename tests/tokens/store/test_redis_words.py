"""Why Redis can't be used: refusals of a real one, errors of redis-py, in words without a class name or a secret."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path

import pytest
from redis.exceptions import AskError, MovedError, ReadOnlyError, RedisError, ResponseError

from proxy.tokens.store import StoreDown
from proxy.tokens.store.redis import RedisStore
from proxy.tokens.store.redis_words import reason
from proxy.values.redis_url import RedisUrl
from tests.certificates import Authority
from tests.redis_server import RedisServer, redis_server

URL = RedisUrl.parse("redis://someone:pass-word@redis.example")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MovedError("3999 10.0.0.1:6381"), "a node of a Redis Cluster"),
        (AskError("3999 10.0.0.1:6381"), "a node of a Redis Cluster"),
        (ReadOnlyError("You can't write against a read only replica."), "it is a replica"),
        (
            ResponseError("unknown command `AUTH`, with args beginning with: `x` `pass-word`, "),
            "unknown command `AUTH`",
        ),
        (ResponseError("pass-word is wrong"), r"\*\*\* is wrong"),
        (ResponseError("-OOM command not allowed. script: 0123abcd, on @user_script:4."), "^command not allowed.$"),
        (ResponseError("a\nb\x07" + "c" * 500), "^a bc{197}$"),
        (ResponseError(""), "it gave no reason"),
    ],
)
def test_words(error: RedisError, says: str) -> None:
    words = reason(error, URL, met=True)
    assert re.search(says, words), words
    assert "pass-word" not in words
    assert "Error" not in words


async def refused(url: str, says: str) -> None:
    store = RedisStore(url)
    with pytest.raises(StoreDown) as down:
        await store.prove()
    await store.close()
    assert says in str(down.value)
    assert "Error" not in str(down.value)


async def test_a_real_ones_refusals(own: RedisServer, tmp_path: Path) -> None:
    where = f"127.0.0.1:{own.port}"
    await refused(f"redis://{where}/99", "it has no database 99")
    await refused(f"rediss://{where}", "if it doesn't speak TLS, write redis://")
    await refused("redis://127.0.0.1:1", "Connection refused")
    await refused("redis://nowhere.invalid", "nowhere.invalid:6379: ")
    with own.client() as client:
        client.execute_command("ACL", "SETUSER", "bob", "on", ">pw", "~other:*", "&*", "+@all")
        await refused(f"redis://bob:pw@{where}", "no permissions to access one of the keys")
        client.replicaof("127.0.0.1", "1")
    await refused(f"redis://{where}", "it is a replica, which can't be written to")
    folder = tmp_path / "cluster"
    folder.mkdir()
    with redis_server(folder, "--cluster-enabled", "yes") as server:
        await refused(server.url, "a node of a Redis Cluster")


@pytest.mark.parametrize("lacks", ["eval", "subscribe", "pexpire", "del", "publish"])
async def test_a_user_without_a_right_is_noticed(own: RedisServer, lacks: str) -> None:
    """By the proof and by the log at start; and no lease stays that can't be given back."""
    with own.client() as client:
        client.execute_command("ACL", "SETUSER", "bob", "on", ">pw", "~keyless:*", "+@all", f"-{lacks}")
        await refused(f"redis://bob:pw@127.0.0.1:{own.port}", "docs/stores.md lists the commands")
        if lacks in ("eval", "pexpire", "del"):
            store = RedisStore(f"redis://bob:pw@127.0.0.1:{own.port}")
            with pytest.raises(StoreDown, match="run"):
                await store.lease("ab").__aenter__()
            await store.close()
            assert not client.exists("keyless:lease:ab") or int(str(client.pttl("keyless:lease:ab"))) <= 1


async def test_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pem = authority.issue("127.0.0.1")
    (ca := tmp_path / "ca.pem").write_text(authority.pem)
    (none := tmp_path / "none.pem").write_text("nothing")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        where = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        await refused(f"rediss://{where}", "its certificate is not trusted: ")
        await refused(f"rediss://{where}?ssl_ca_certs={tmp_path}/missing.pem", "No such file")
        await refused(f"rediss://{where}?ssl_ca_certs={none}", "holds no certificate")
        await refused(f"redis://{where}", "if this port speaks TLS, write rediss://")
        await refused(f"rediss://{where}?ssl_ca_certs={ca}", "closed by server")
