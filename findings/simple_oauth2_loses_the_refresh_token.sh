#!/bin/sh
# simple-oauth2 5.1.0, Node 20: a token is refreshed, and the issuer's reply has no `refresh_token`, which by RFC 6749, section 6,
# means that the one that was sent stays good.
#
# Expected: the new token keeps it. The library means to: it fills the field where the reply has none.
# Seen: it fills it from a field that does not exist, so that the new token has `refresh_token: undefined`; the second refresh is
# sent with an empty one, without an error of the library's own. An issuer answers that with invalid_grant or invalid_request:
# after two lives of a token somebody has to log in again.
#
# Output seen:
#   first refresh sent: refresh_token=made-up
#   kept: undefined
#   second refresh sent: refresh_token=
#
# Keyless: a reply without a refresh token keeps the old one, in the store, too (trap 16). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" simple-oauth2@5.1.0
cat > "$folder/ask.cjs" <<'NODE'
const http = require("node:http");
const { AuthorizationCode } = require("simple-oauth2");

const sent = [];
const server = http.createServer((request, reply) => {
  let form = "";
  request.on("data", (chunk) => (form += chunk));
  request.on("end", () => {
    sent.push(form.split("&").find((field) => field.startsWith("refresh_token=")));
    reply.setHeader("Content-Type", "application/json");
    reply.end(JSON.stringify({ access_token: `token-${sent.length}`, token_type: "Bearer", expires_in: 3600 }));
  });
});
server.listen(0, "127.0.0.1", async () => {
  const client = new AuthorizationCode({
    client: { id: "made-up-id", secret: "made-up-secret" },
    auth: { tokenHost: `http://127.0.0.1:${server.address().port}` },
  });
  const login = client.createToken({ access_token: "token-0", refresh_token: "made-up", token_type: "Bearer", expires_in: 3600 });
  const first = await login.refresh();
  const second = await first.refresh();
  console.log("first refresh sent:", sent[0]);
  console.log("kept:", first.token.refresh_token);
  console.log("second refresh sent:", sent[1]);
  const same = sent[0] === "refresh_token=made-up" && sent[1] === "refresh_token=" && second.token.access_token === "token-2";
  process.exit(same && first.token.refresh_token === undefined ? 0 : 1);
});
NODE
node "$folder/ask.cjs"
