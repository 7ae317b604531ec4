#!/bin/sh
# uvloop 0.23.0 (its libuv is newer than 1.44), CPython 3.11: many connections wait at a listening socket.
#
# Expected: they are accepted in one turn of the loop, up to the backlog, as asyncio's own loop does.
# Seen: one per turn. A turn in which many connections have something to say is long, and who has just come waits for as
# many turns as there are others before him: seconds, behind a server that is busy and not overloaded.
#
# Output seen (turns until 200 waiting connections were accepted):
#   asyncio: 3 turns
#   uvloop: 201 turns
#
# Keyless: proxy/wire/inbound/newcomers.py takes others along at each one. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'uvloop==0.23.0'
cat > "$folder/accept.py" <<'PYTHON'
import asyncio
import socket
import sys

import uvloop

CROWD = 200


async def turns():
    accepted = 0

    class Counting(asyncio.Protocol):
        def connection_made(self, transport):
            nonlocal accepted
            accepted += 1

    server = await asyncio.get_running_loop().create_server(Counting, "127.0.0.1", 0, backlog=2 * CROWD)
    address = server.sockets[0].getsockname()
    crowd = [socket.create_connection(address) for _ in range(CROWD)]  # the kernel says yes before anybody accepts
    count = 0
    while accepted < CROWD:
        await asyncio.sleep(0)
        count += 1
    for one in crowd:
        one.close()
    server.close()
    return count


def on(make_loop):
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(turns())


plain, fast = on(asyncio.new_event_loop), on(uvloop.new_event_loop)
print(f"asyncio: {plain} turns")
print(f"uvloop: {fast} turns")
sys.exit(0 if plain < 20 and fast >= CROWD else 1)
PYTHON
"$folder/venv/bin/python" "$folder/accept.py"
