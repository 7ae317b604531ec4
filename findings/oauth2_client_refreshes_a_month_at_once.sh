#!/bin/sh
# @badgateway/oauth2-client 3.3.1, Node 20: `OAuth2Fetch` with its defaults, and an issuer whose tokens live for 30 days and come
# with a refresh token, as Baidu's do (百度: expires_in 2592000).
#
# Expected: one token, and its renewal a minute before its end, in 30 days.
# Seen: the renewal is planned with one setTimeout, which holds 2^31 - 1 ms, 24.8 days; for longer Node takes 1 ms. So each token
# is renewed as soon as it is there, and the next one too, without an end: hundreds of token calls a second, whose only trace is
# Node's TimeoutOverflowWarning. With `scheduleRefresh: false`, and with tokens of 24 days, it is one.
#
# Output seen (the script stops it after 20):
#   24 days: 1 tokens
#   30 days: 20 tokens
#   30 days, scheduleRefresh: false: 1 tokens
#
# Keyless: plans no timer for a token's end: its clocks are asked where it is needed (proxy/auth/life), and a mint that brings no later
# end is followed by a pause (docs/tokens.md). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" @badgateway/oauth2-client@3.3.1
cat > "$folder/ask.mjs" <<'NODE'
import http from "node:http";
import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client";

const DAY = 86400;
const MOST = 20;
let life = 0;
let count = 0;
let enough;
const server = http.createServer((request, reply) => {
  count += 1;
  if (count >= MOST) return enough(); // it is left unanswered, which ends it
  reply.setHeader("Content-Type", "application/json");
  const token = { access_token: `token-${count}`, token_type: "Bearer", expires_in: life, refresh_token: `made-up-${count}` };
  reply.end(JSON.stringify(token));
});
process.removeAllListeners("warning");
await new Promise((done) => server.listen(0, "127.0.0.1", done));

async function tokens(days, options) {
  life = days * DAY;
  count = 0;
  const stopped = new Promise((resolve) => (enough = resolve));
  const client = new OAuth2Client({
    server: `http://127.0.0.1:${server.address().port}/`, tokenEndpoint: "/token", clientId: "made-up-id", clientSecret: "made-up-secret",
  });
  const wrapper = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials(), ...options });
  await wrapper.getAccessToken();
  await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 3000))]);
  return count;
}

const seen = [await tokens(24, {}), await tokens(30, {}), await tokens(30, { scheduleRefresh: false })];
console.log(`24 days: ${seen[0]} tokens`);
console.log(`30 days: ${seen[1]} tokens`);
console.log(`30 days, scheduleRefresh: false: ${seen[2]} tokens`);
process.exit(seen.join() === `1,${MOST},1` ? 0 : 1);
NODE
node "$folder/ask.mjs"
