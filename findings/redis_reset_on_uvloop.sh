#!/bin/sh
# redis-py 8.1.0 on uvloop 0.23.0, CPython 3.11: a pooled connection is reset by the server while it is idle.
#
# Expected: the next command finds the connection dead, and is sent again on a new one, as `Retry(NoBackoff(), 1)` says
# and as it is on asyncio's own loop.
# Seen: redis-py's check (`can_read`) asks the StreamReader for data and end of file, not for its exception, and takes the
# connection for good. uvloop's `writelines` on the closed transport raises RuntimeError ("the handler is closed"), which
# is neither RedisError nor OSError: it is not retried and reaches the caller. The call after that is served.
#
# Output seen:
#   asyncio: answered
#   uvloop: RuntimeError: ... the handler is closed
#
# Keyless: proxy/tokens/store/redis_link.py takes it for an end of the connection. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'redis==8.1.0' 'uvloop==0.23.0'
cat > "$folder/reset.py" <<'PYTHON'
import asyncio
import socket
import struct
import sys

import uvloop
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

connections = []


async def serve(reader, writer):
    """As much of a Redis as GET needs: it answers every command of one to five words."""
    connections.append(writer)
    try:
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                await reader.readline()
                words.append((await reader.readline()).strip())
            writer.write(b"$1\r\nx\r\n" if words[0] == b"GET" else b"+OK\r\n")
    except OSError:
        pass


async def after_a_reset():
    connections.clear()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = BlockingConnectionPool(
        host="127.0.0.1", port=port, protocol=2, socket_timeout=5.0, retry=Retry(NoBackoff(), 1)
    )
    client = Redis(connection_pool=pool)
    assert await client.get("key") == b"x"
    for writer in connections:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    await asyncio.sleep(0.2)
    try:
        seen = "answered" if await client.get("key") == b"x" else "something else"
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
    assert await client.get("key") == b"x"
    await client.aclose()
    await pool.disconnect()
    server.close()
    return seen


def on(make_loop):
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.get_loop().set_exception_handler(lambda *_: None)
        return runner.run(after_a_reset())


plain, fast = on(asyncio.new_event_loop), on(uvloop.new_event_loop)
print("asyncio:", plain)
print("uvloop:", fast)
sys.exit(0 if plain == "answered" and fast.startswith("RuntimeError") and "handler is closed" in fast else 1)
PYTHON
"$folder/venv/bin/python" "$folder/reset.py"
