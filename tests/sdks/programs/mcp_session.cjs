// One session of Node's MCP SDK at the URL given, without any OAuth. Waits for a line before its second call.
const { createRequire } = require("node:module");
const sdk = createRequire(`${process.env.KEYLESS_NODE}/`);
const { Client } = sdk("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = sdk("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { ToolListChangedNotificationSchema } = sdk("@modelcontextprotocol/sdk/types.js");

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function main(url) {
  const client = new Client({ name: "a-client", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  let heard = false;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => { heard = true; });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const sums = [await client.callTool({ name: "add", arguments: { a: 1, b: 2 } })];
  console.log("ready");
  await new Promise((done) => process.stdin.once("data", done));
  sums.push(await client.callTool({ name: "add", arguments: { a: 3, b: 4 } }));
  const steps = [];
  await client.callTool({ name: "count", arguments: { to: 3 } }, undefined, { onprogress: (p) => steps.push(p.progress) });
  for (let tries = 0; tries < 200 && !heard; tries += 1) {
    await client.callTool({ name: "announce", arguments: {} });
    await pause(50);
  }
  await transport.terminateSession();
  await client.close();
  console.log(JSON.stringify({
    tools: tools.map((tool) => tool.name).sort(), sums: sums.map((sum) => sum.structuredContent.result), steps, heard,
  }));
  process.exit(0);
}

main(process.argv[2]).catch((error) => { console.log(JSON.stringify({ error: String(error) })); process.exit(1); });
