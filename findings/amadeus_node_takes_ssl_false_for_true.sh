#!/bin/sh
# amadeus 11.0.0 for Node, Node 20: a client with `ssl: false`, which its documentation names, for a server that speaks http.
#
# Expected: http, as with `ssl=False` of the same vendor's SDK for Python.
# Seen: https: false counts as unsaid, and the default is true; AMADEUS_SSL=false in the environment is a text, thus true as well.
# The server sees the first byte of a TLS handshake, the program a NetworkError that names no cause.
#
# Output seen:
#   ssl: false: first byte 0x16, NetworkError
#   AMADEUS_SSL=false: first byte 0x16, NetworkError
#
# Keyless: over https: an address with `tls: local` (docs/sdks.md, "nothing but https"). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" amadeus@11.0.0
cat > "$folder/ask.cjs" <<'NODE'
const net = require("node:net");
const Amadeus = require("amadeus");

let first = null;
const server = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", (bytes) => {
    first = `0x${bytes[0].toString(16)}`;
    socket.destroy();
  });
});
server.listen(0, "127.0.0.1", async () => {
  async function ask(what, options) {
    const port = server.address().port;
    const client = new Amadeus({ clientId: "made-up-id", clientSecret: "made-up-secret", host: "127.0.0.1", port, ...options });
    const code = await client.client.get("/v1/made-up").then(() => "answered", (error) => error.code);
    console.log(`${what}: first byte ${first}, ${code}`);
    return first === "0x16" && code === "NetworkError";
  }
  const option = await ask("ssl: false", { ssl: false });
  process.env.AMADEUS_SSL = "false";
  const variable = await ask("AMADEUS_SSL=false", {});
  process.exit(option && variable ? 0 : 1);
});
NODE
node "$folder/ask.cjs"
