#!/bin/sh
# redis-py 8.1.0 on CPython 3.11: a task is cancelled while it sends a command, at each step of the loop in turn.
#
# Expected: wherever that is, the task ends as cancelled.
# Seen: at some steps it goes on as if nobody had cancelled it. With `socket_timeout`, which redis-py sets itself, a command
# is sent within asyncio.wait_for, and that of Python 3.11 gives the result, in place of the cancellation, where both come
# in one step. From Python 3.12 on, whose wait_for is made otherwise, each task ends (looked at on 3.13, where there is one).
#
# Output seen (which steps depends on the machine):
#   3.11: some of 60 tasks went on
#   3.13: none of 60 tasks went on
#
# Keyless: proxy/tasks.py asks again where a task goes on. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/cancel.py" <<'PYTHON'
import asyncio
import sys

from redis.asyncio import Redis


async def serve(reader, writer):
    """As much of a Redis as GET needs: it answers every command of one to five words."""
    try:
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                await reader.readline()
                words.append((await reader.readline()).strip())
            writer.write(b"$1\r\nx\r\n" if words[0] == b"GET" else b"+OK\r\n")
    except OSError:
        pass


async def goes_on(port, steps):
    client = Redis(host="127.0.0.1", port=port, protocol=2, socket_timeout=5.0)

    async def work():
        await client.get("key")
        await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait((task,), timeout=1)
    task.cancel()
    await asyncio.wait((task,))
    await client.aclose()
    return not ended


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return [await goes_on(port, steps) for steps in range(60)].count(True)


went_on = asyncio.run(main())
version = sys.version_info
print(f"{version[0]}.{version[1]}: {'some' if went_on else 'none'} of 60 tasks went on")
sys.exit(0 if bool(went_on) == (version < (3, 12)) else 1)
PYTHON
for python in python3.11 python3.13; do
  [ "$python" = python3.11 ] || "$python" -c "" 2>/dev/null || continue
  "$python" -m venv "$folder/$python"
  "$folder/$python/bin/pip" install --quiet --disable-pip-version-check 'redis==8.1.0'
  "$folder/$python/bin/python" "$folder/cancel.py"
done
