#!/bin/sh
# http-proxy 1.18.1, Node 20 (below many a gateway and every older development server): a client leaves in the middle of a stream.
#
# Expected: the request to the server behind it ends, too, as with http-proxy-middleware 4.2.1 and fast-proxy 2.2.0.
# Seen: it goes on: http-proxy waits for the request's `aborted`, which Node no longer emits once the request itself has been read.
# A model behind it writes its answer to the end, for nobody, and is paid for it.
#
# Output seen (1.5 s after the client left, of two streams each):
#   http-proxy: 0 ended
#   http-proxy-middleware: 2 ended
#   fast-proxy: 2 ended
#
# Keyless: closes the connection to the API when its client leaves (tests/serve/test_forward_streaming.py); where such a gateway stands
# before it, nobody tells it. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" http-proxy@1.18.1 http-proxy-middleware@4.2.1 fast-proxy@2.2.0
cat > "$folder/ask.mjs" <<'NODE'
import http from "node:http";
import fastProxy from "fast-proxy";
import httpProxy from "http-proxy";
import { createProxyMiddleware } from "http-proxy-middleware";

process.removeAllListeners("warning");
let ended = 0;
const model = http.createServer((request, reply) => {
  request.resume();
  reply.writeHead(200, { "Content-Type": "text/event-stream" });
  const writing = setInterval(() => reply.write("data: word\n\n"), 50);
  reply.on("close", () => {
    ended += 1;
    clearInterval(writing);
  });
});
const listening = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
const target = `http://127.0.0.1:${await listening(model)}`;

const old = httpProxy.createProxyServer({ target });
const newer = createProxyMiddleware({ target });
const fast = fastProxy({ base: target });
const gateways = {
  "http-proxy": (request, reply) => old.web(request, reply, {}, () => {}),
  "http-proxy-middleware": (request, reply) => newer(request, reply, () => {}),
  "fast-proxy": (request, reply) => fast.proxy(request, reply, request.url, {}),
};

function leave(port, method) {
  return new Promise((done) => {
    const headers = method === "POST" ? { "Content-Length": 2 } : {};
    const request = http.request({ host: "127.0.0.1", port, method, headers }, (reply) => {
      reply.on("error", () => {});
      reply.once("data", () => {
        request.destroy();
        setTimeout(done, 1500);
      });
    });
    request.on("error", () => {});
    request.end(method === "POST" ? "{}" : undefined);
  });
}

const seen = [];
for (const [name, gateway] of Object.entries(gateways)) {
  const port = await listening(http.createServer(gateway));
  const before = ended;
  for (const method of ["GET", "POST"]) await leave(port, method);
  seen.push(ended - before);
  console.log(`${name}: ${seen.at(-1)} ended`);
}
process.exit(seen.join() === "0,2,2" ? 0 : 1);
NODE
node "$folder/ask.mjs"
