#!/bin/sh
# @fastify/reply-from 12.6.5 with fastify 5.12.8 (also below @fastify/http-proxy), Node 20, its defaults: the server behind it answers a
# GET with 503 and `Retry-After: 20`, seconds by RFC 9110.
#
# Expected: the 503 is passed on; or one try more, 20 seconds later.
# Seen: eleven tries within a second or so: the number goes to setTimeout as it is, as milliseconds, ten times. A date, which is as
# valid, becomes 1 ms. Who is told to wait asks eleven times as often. `maxRetriesOn503: 0` does not end it: 0 counts as unsaid.
#
# Output seen:
#   Retry-After: 20: 11 tries, less than 10 s
#   a date an hour ahead: 11 tries, less than 10 s
#   maxRetriesOn503 0: 11 tries, less than 10 s
#
# Keyless: its own 503 is answered at once and costs no token call while the pause lasts, however often it is asked
# (docs/tokens.md). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @fastify/reply-from@12.6.5 fastify@5.12.8
cat > "$folder/ask.cjs" <<'NODE'
const http = require("node:http");
const Fastify = require("fastify");

let tries = 0;
let wait = "";
const busy = http.createServer((request, reply) => {
  tries += 1;
  reply.writeHead(503, { "Retry-After": wait });
  reply.end("later");
});
busy.listen(0, "127.0.0.1", async () => {
  async function ask(retryAfter, options) {
    tries = 0;
    wait = retryAfter;
    const gateway = Fastify();
    gateway.register(require("@fastify/reply-from"), { base: `http://127.0.0.1:${busy.address().port}`, ...options });
    gateway.get("/", (request, reply) => reply.from("/"));
    const before = Date.now();
    const { statusCode } = await gateway.inject("/");
    await gateway.close();
    return statusCode === 503 && Date.now() - before < 10_000;
  }
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const rows = [["Retry-After: 20", "20", {}], ["a date an hour ahead", date, {}], ["maxRetriesOn503 0", "20", { maxRetriesOn503: 0 }]];
  let same = true;
  for (const [what, retryAfter, options] of rows) {
    const soon = await ask(retryAfter, options);
    console.log(`${what}: ${tries} tries, ${soon ? "less" : "more"} than 10 s`);
    same = same && soon && tries === 11;
  }
  process.exit(same ? 0 : 1);
});
NODE
node "$folder/ask.cjs"
