#!/bin/sh
# @alicloud/log 1.2.6 (阿里云日志服务 SLS), Node 20: the API, or a gateway or balancer before it, answers with an HTTP error whose body
# is not in SLS's own shape.
#
# Expected: an exception that tells the status.
# Seen: success. The status is never looked at: a body with `errorCode` and `errorMessage`, or `Error`, is an error, and any other is
# the answer, HTML and nothing included. A program that writes logs goes on, and they are nowhere.
#
# Output seen:
#   403 in SLS's shape: UnauthorizedError
#   403 {"message": ...}: answered
#   424 application/problem+json: answered
#   503 in HTML: answered
#   503, empty: answered
#
# Keyless: has no preset for SLS; a route to it needs errors with these two members in application/json, which none of its
# `error_shape`s (docs/errors.md) has yet. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @alicloud/log@1.2.6
cat > "$folder/ask.cjs" <<'NODE'
const http = require("node:http");
const Client = require("@alicloud/log");

const JSON_TYPE = "application/json";
const rows = [
  ["403 in SLS's shape", 403, JSON_TYPE, '{"errorCode": "Unauthorized", "errorMessage": "made up"}', "UnauthorizedError"],
  ['403 {"message": ...}', 403, JSON_TYPE, '{"message": "made up"}', "answered"],
  ["424 application/problem+json", 424, "application/problem+json", '{"title": "made up", "status": 424}', "answered"],
  ["503 in HTML", 503, "text/html", "<html>503 Service Temporarily Unavailable</html>", "answered"],
  ["503, empty", 503, "text/plain", "", "answered"],
];
let row = null;
const server = http.createServer((request, reply) => {
  request.resume();
  reply.writeHead(row[1], { "Content-Type": row[2] });
  reply.end(row[3]);
});
server.listen(0, "127.0.0.1", async () => {
  const endpoint = `127.0.0.1:${server.address().port}`;
  const client = new Client({ accessKeyId: "made-up-id", accessKeySecret: "made-up-secret", endpoint, use_https: false });
  let same = true;
  for (row of rows) {
    const said = await client.createProject("made-up", { description: "made up" }).then(() => "answered", (error) => error.name);
    console.log(`${row[0]}: ${said}`);
    same = same && said === row[4];
  }
  process.exit(same ? 0 : 1);
});
NODE
node "$folder/ask.cjs"
