// Node's openai makes wss of whatever base URL it is given.
const { createRequire } = require("node:module");
const sdk = createRequire(`${process.env.KEYLESS_NODE}/`);
const { OpenAI } = sdk("openai");
const { OpenAIRealtimeWS } = sdk("openai/realtime/ws");

const client = new OpenAI({ baseURL: `${process.argv[3]}/v1`, apiKey: "made-up-key" });
const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
realtime.on("error", (error) => { console.error(error); process.exit(1); });
realtime.on("session.created", (event) => {
  console.log(JSON.stringify(event.session.id));
  realtime.close();
});
