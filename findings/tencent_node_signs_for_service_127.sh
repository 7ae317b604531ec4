#!/bin/sh
# tencentcloud-sdk-nodejs-cvm 4.1.311 (腾讯云), Node 20: the client of a service, with an endpoint that is an address, as for a
# gateway or a private endpoint.
#
# Expected: signed for the client's service, `cvm`, as Python's SDK of the same vendor does.
# Seen: signed for whatever is before the first dot of the endpoint: `127`, or `localhost:PORT`, port and all.
#
# Output seen:
#   127.0.0.1:PORT: signed for 127
#   localhost:PORT: signed for localhost:PORT
#
# Keyless: takes such a service for none, and signs for the route's (a test in tests/auth/placing). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" tencentcloud-sdk-nodejs-cvm@4.1.311
cat > "$folder/ask.cjs" <<'NODE'
const http = require("node:http");
const { cvm } = require("tencentcloud-sdk-nodejs-cvm");

const seen = [];
const server = http.createServer((request, reply) => {
  seen.push(request.headers.authorization.match(/Credential=[^/]+\/[^/]+\/([^/]+)\/tc3_request/)[1]);
  reply.setHeader("Content-Type", "application/json");
  reply.end(JSON.stringify({ Response: { TotalCount: 0, RegionSet: [], RequestId: "made-up" } }));
});
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  for (const host of ["127.0.0.1", "localhost"]) {
    const client = new cvm.v20170312.Client({
      credential: { secretId: "made-up-id", secretKey: "made-up-key" },
      region: "ap-guangzhou",
      profile: { httpProfile: { endpoint: `${host}:${port}`, protocol: "http://" } },
    });
    await client.DescribeRegions({});
    console.log(`${host}:PORT: signed for ${seen.at(-1).replace(port, "PORT")}`);
  }
  process.exit(seen[0] === "127" && seen[1] === `localhost:${port}` ? 0 : 1);
});
NODE
node "$folder/ask.cjs"
