#!/bin/sh
# amadeus 12.0.0 for Python, 11.0.0 for Node, of one vendor: the token endpoint's reply has no `expires_in`, which RFC 6749 only
# recommends; or has it as a text.
#
# Expected: both use the token for a while, and treat a text of digits as the number.
# Seen: Python buys a token for each call, Node never another in its life (a comparison with NaN is always false); a text is a
# TypeError in Python, and fine in Node.
#
# Output seen (of three calls):
#   python: none: 3 tokens, 3 calls; "1799": 3 tokens, 0 calls, TypeError; 1799: 1 tokens, 3 calls
#   node: none: 1 tokens, 3 calls, renewed in a year: no; "1799": 1 tokens, 3 calls, renewed in a year: yes
#
# Keyless: a life of any shape counts, and one of none is 300 s (trap 8); its stand-in for these SDKs says the number 1799.
# Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'amadeus==12.0.0'
npm install --silent --no-audit --no-fund --prefix "$folder" amadeus@11.0.0
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import amadeus

seen, life = [], {}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.append(self.path)
        body = json.dumps({"access_token": "x", "token_type": "Bearer", **life} if "token" in self.path else {"data": []}).encode()
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
told = []
for what, life in (("none", {}), ('"1799"', {"expires_in": "1799"}), ("1799", {"expires_in": 1799})):
    seen.clear()
    kinds = set()
    client = amadeus.Client(client_id="made-up-id", client_secret="made-up", host="127.0.0.1", ssl=False, port=server.server_port)
    for _ in range(3):
        try:
            client.get("/v1/made-up")
        except TypeError:
            kinds.add(", TypeError")
    tokens = sum("token" in path for path in seen)
    told.append(f"{what}: {tokens} tokens, {len(seen) - tokens} calls{''.join(kinds)}")
print("python:", "; ".join(told))
PYTHON
cat > "$folder/ask.cjs" <<'NODE'
const http = require("node:http");
const Amadeus = require("amadeus");

let seen = [];
let life = {};
const server = http.createServer((request, reply) => {
  seen.push(request.url);
  reply.setHeader("Content-Type", "application/json");
  reply.end(JSON.stringify(request.url.includes("token") ? { access_token: "x", token_type: "Bearer", ...life } : { data: [] }));
});
const plain = { request: (options, answer) => http.request({ ...options, protocol: "http:" }, answer) }; // it has no way to say http
server.listen(0, "127.0.0.1", async () => {
  const told = [];
  for (const [what, reply] of [["none", {}], ['"1799"', { expires_in: "1799" }]]) {
    seen = [];
    life = reply;
    const { port } = server.address();
    const client = new Amadeus({ clientId: "made-up-id", clientSecret: "made-up", host: "127.0.0.1", port, http: plain });
    for (let call = 0; call < 3; call += 1) await client.client.get("/v1/made-up");
    const tokens = seen.filter((path) => path.includes("token")).length;
    const calls = seen.length - tokens;
    const now = Date.now;
    Date.now = () => now() + 365 * 86_400_000;
    await client.client.get("/v1/made-up");
    Date.now = now;
    const renewed = seen.filter((path) => path.includes("token")).length > tokens;
    told.push(`${what}: ${tokens} tokens, ${calls} calls, renewed in a year: ${renewed ? "yes" : "no"}`);
  }
  console.log("node:", told.join("; "));
  process.exit();
});
NODE
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"
node "$folder/ask.cjs" | tee -a "$folder/seen"
[ "$(cat "$folder/seen")" = 'python: none: 3 tokens, 3 calls; "1799": 3 tokens, 0 calls, TypeError; 1799: 1 tokens, 3 calls
node: none: 1 tokens, 3 calls, renewed in a year: no; "1799": 1 tokens, 3 calls, renewed in a year: yes' ]
