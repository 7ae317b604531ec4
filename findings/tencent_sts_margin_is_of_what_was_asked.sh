#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195 (腾讯云), CPython 3.11: temporary keys by AssumeRole. 7200 s are asked for, the default, and
# STS gives what the role allows, or another service before it what is left.
#
# Expected: they are renewed shortly before their end.
# Seen: nine tenths of what was *asked for* before their end. Where 7200 s are given, after 12 minutes; where 6000 are, they count as
# dead on arrival, and each call buys others, though they are good for 100 minutes. The class for OIDC beside it takes one tenth.
#
# Output seen:
#   7200 s given: three calls, 1 AssumeRole; 13 minutes later: 2
#   6000 s given: three calls, 3 AssumeRole
#
# Keyless: margins come from the life that was given (docs/tokens.md). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'tencentcloud-sdk-python-common==3.1.195'
cat > "$folder/ask.py" <<'PYTHON'
import functools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from tencentcloud.common import credential

asked = given = 0


class Sts(BaseHTTPRequestHandler):
    def do_POST(self):
        global asked
        self.rfile.read(int(self.headers["Content-Length"]))
        asked += 1
        keys = {"Token": "made-up", "TmpSecretId": "made-up", "TmpSecretKey": "made-up"}
        reply = {"Response": {"Credentials": keys, "ExpiredTime": int(clock()) + given, "RequestId": "made-up"}}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


clock = time.time
server = HTTPServer(("127.0.0.1", 0), Sts)
threading.Thread(target=server.serve_forever, daemon=True).start()
credential.HttpProfile = functools.partial(credential.HttpProfile, protocol="http")  # this script's STS is on loopback


def role(seconds):
    global asked, given
    asked, given = 0, seconds
    keys = credential.STSAssumeRoleCredential(
        "made-up-id", "made-up-key", "qcs::cam::uin/1:roleName/made-up", "session", endpoint=f"127.0.0.1:{server.server_port}"
    )
    for _ in range(3):
        keys.get_credential_info()
    return keys, asked


keys, whole = role(7200)
time.time = lambda: clock() + 13 * 60
keys.get_credential_info()
time.time = clock
later = asked
print(f"7200 s given: three calls, {whole} AssumeRole; 13 minutes later: {later}")
_, part = role(6000)
print(f"6000 s given: three calls, {part} AssumeRole")
sys.exit(0 if (whole, later, part) == (1, 2, 3) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
