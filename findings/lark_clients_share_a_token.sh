#!/bin/sh
# lark-oapi 1.7.5 (飞书, Lark), CPython 3.11: one process, two clients with the same app id at two addresses, as for Feishu and Lark,
# a test and a real system, or two proxies that want no more than a made-up id.
#
# Expected: each client buys its token at its own address.
# Seen: tokens are kept for all clients of the process under the app id alone, without address and secret: the second client never
# asks, and sends the first one's token to the second address, which it says nothing to.
#
# Output seen:
#   the same app id: second address got 0 token calls, Bearer of-first
#   app ids of their own: second address got 1 token calls, Bearer of-second
#
# Keyless: what a stand-in sells is good on its own route alone, so give each route's client an app id of its own: any text will
# do. Its own cells are kept by address, id, secret and all (trap 6). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'lark-oapi==1.7.5'
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import lark_oapi
from lark_oapi.api.im.v1 import ListChatRequest


def address(name):
    seen = {"token calls": 0, "Authorization": None}

    class Server(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = {"code": 0, "msg": "ok", "data": {}}
            if "tenant_access_token" in self.path:
                seen["token calls"] += 1
                reply |= {"tenant_access_token": f"of-{name}", "expire": 7200}
            else:
                seen["Authorization"] = self.headers["Authorization"]
            body = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", seen


def second(*app_ids):
    for name, app_id in zip(("first", "second"), app_ids):
        url, seen = address(name)
        client = lark_oapi.Client.builder().app_id(app_id).app_secret(f"made-up {name}").domain(url).build()
        assert client.im.v1.chat.list(ListChatRequest.builder().build()).success()
    return f"{seen['token calls']} token calls, {seen['Authorization']}"


same, own = second("cli_made_up", "cli_made_up"), second("cli_one", "cli_two")
print("the same app id: second address got", same)
print("app ids of their own: second address got", own)
sys.exit(0 if (same, own) == ("0 token calls, Bearer of-first", "1 token calls, Bearer of-second") else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
