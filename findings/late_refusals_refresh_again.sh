#!/bin/sh
# axios-auth-refresh 5.0.2 with axios 1.21.1, and @badgateway/oauth2-client 3.3.1, Node 20: two requests are sent at once with a
# token that is dead. One is refused at once, the other when the new token is there already.
#
# Expected: one refresh: the second refusal is of the old token, and is sent again with the new one.
# Seen: two. Both hold callers together while a refresh is under way, and forget which token a request had once it is over. A slow
# request costs a second refresh, which with a rotating refresh token, or an issuer that lets one token live at a time, ends the
# token that others have just begun to use.
#
# Output seen:
#   axios-auth-refresh: 2 refreshes
#   oauth2-client: 2 refreshes
#
# Keyless: a request remembers which generation of the token it had, and a refusal of an older one is replayed without a token call
# (trap 2). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" axios-auth-refresh@5.0.2 axios@1.21.1 \
  @badgateway/oauth2-client@3.3.1
cat > "$folder/ask.mjs" <<'NODE'
import http from "node:http";
import { createRequire } from "node:module";
import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client";

const require = createRequire(import.meta.url);
const axios = require("axios");
const { createAuthRefresh } = require("axios-auth-refresh");

let refreshes = 0;
const server = http.createServer((request, reply) => {
  reply.setHeader("Content-Type", "application/json");
  request.resume();
  if (request.url === "/token") {
    refreshes += 1;
    return reply.end(JSON.stringify({ access_token: `x${refreshes}`, token_type: "Bearer", expires_in: 3600, refresh_token: "made-up" }));
  }
  const good = refreshes > 0 && request.headers.authorization === `Bearer x${refreshes}`;
  reply.statusCode = good ? 200 : 401;
  return setTimeout(() => reply.end("{}"), !good && request.url === "/slow" ? 1000 : 0);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const base = `http://127.0.0.1:${server.address().port}`;

async function withAxios() {
  let token = "dead";
  const api = axios.create({ baseURL: base });
  api.interceptors.request.use((request) => {
    request.headers.Authorization = `Bearer ${token}`;
    return request;
  });
  createAuthRefresh(api, async () => {
    token = (await axios.post(`${base}/token`)).data.access_token;
  });
  return Promise.all([api.get("/fast"), api.get("/slow")]);
}

async function withFetch() {
  const client = new OAuth2Client({ server: `${base}/`, tokenEndpoint: "/token", clientId: "made-up-id", clientSecret: "made-up" });
  const dead = { accessToken: "dead", refreshToken: "made-up", expiresAt: Date.now() + 3_600_000 };
  const wrapper = new OAuth2Fetch({
    client, getNewToken: () => client.clientCredentials(), getStoredToken: () => dead, scheduleRefresh: false,
  });
  return Promise.all([wrapper.fetch(`${base}/fast`), wrapper.fetch(`${base}/slow`)]);
}

let same = true;
for (const [name, ask] of [["axios-auth-refresh", withAxios], ["oauth2-client", withFetch]]) {
  refreshes = 0;
  const replies = await ask();
  console.log(`${name}: ${refreshes} refreshes`);
  same = same && refreshes === 2 && replies.every(({ status }) => status === 200);
}
process.exit(same ? 0 : 1);
NODE
node "$folder/ask.mjs"
