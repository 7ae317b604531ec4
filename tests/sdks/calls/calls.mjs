// One harmless call of each SDK of Node: NAME URL KEY. Says as JSON what a person would read, and after how long.
const HELLO = [{ role: "user", content: "hello" }];
const hostOf = (url) => url.split("://")[1];
const ours = (module) => module.default?.default ?? module.default ?? module;

async function spoken(model) {
  const { generateText } = await import("ai");
  return () => generateText({ model, messages: HELLO });
}

// Each imports, and gives back what makes the call: imports take seconds.
const calls = {
  async openai(url, apiKey) {
    const { OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey });
    return () => client.chat.completions.create({ model: "m", messages: HELLO });
  },
  async "openai-realtime"(url, apiKey) {
    const { OpenAI } = await import("openai");
    const { OpenAIRealtimeWS } = await import("openai/realtime/ws");
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey });
    return () => new Promise((done, failed) => {
      const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
      realtime.on("error", failed);
      realtime.on("session.created", (event) => { realtime.close(); done(event.session.id); });
    });
  },
  async anthropic(baseURL, apiKey) {
    const { Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ baseURL, apiKey });
    return () => client.messages.create({ model: "m", max_tokens: 9, messages: HELLO });
  },
  async genai(baseUrl, apiKey) {
    const { GoogleGenAI } = await import("@google/genai");
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
    return () => client.models.generateContent({ model: "gemini-2.5-pro", contents: "hello" });
  },
  async "ai-openai"(url, apiKey) {
    const { createOpenAI } = await import("@ai-sdk/openai");
    return spoken(createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat("gpt-5"));
  },
  async "ai-anthropic"(url, apiKey) {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    return spoken(createAnthropic({ baseURL: `${url}/v1`, apiKey })("claude-sonnet-4-5"));
  },
  async "ai-google"(url, apiKey) {
    const { createGoogleGenerativeAI } = await import("@ai-sdk/google");
    return spoken(createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey })("gemini-2.5-pro"));
  },
  async octokit(baseUrl, auth) {
    const { Octokit } = await import("@octokit/rest");
    const client = new Octokit({ baseUrl, auth });
    return () => client.rest.repos.listBranches({ owner: "o", repo: "r" });
  },
  async slack(url, key) {
    const { WebClient } = await import("@slack/web-api");
    const client = new WebClient(key, { slackApiUrl: `${url}/api/` });
    return () => client.auth.test();
  },
  async stripe(url, key) {
    const { default: Stripe } = await import("stripe");
    const { hostname, port, protocol } = new URL(url);
    const client = new Stripe(key, { host: hostname, port, protocol: protocol.slice(0, -1), telemetry: false });
    return () => client.customers.list({ limit: 1 });
  },
  async notion(baseUrl, auth) {
    const { Client } = await import("@notionhq/client");
    const client = new Client({ auth, baseUrl });
    return () => client.users.me({});
  },
  async bedrock(endpoint, key) {
    const { BedrockRuntimeClient, InvokeModelCommand } = await import("@aws-sdk/client-bedrock-runtime");
    const { NodeHttpHandler } = await import("@smithy/node-http-handler");
    const client = new BedrockRuntimeClient({
      endpoint, region: "eu-west-1", requestHandler: new NodeHttpHandler(),
      credentials: { accessKeyId: key, secretAccessKey: "made-up" },
    });
    return () => client.send(new InvokeModelCommand({ modelId: "m", body: "{}" }));
  },
  async supabase(url, key) {
    const { createClient } = await import("@supabase/supabase-js");
    const { default: transport } = await import("ws"); // Node has its own from 22 on
    const client = createClient(url, key, { realtime: { transport } });
    return () => client.from("things").select().limit(1);
  },
  async algolia(url, key) {
    const { algoliasearch } = await import("algoliasearch");
    const host = { url: hostOf(url), accept: "readWrite", protocol: "http" };
    const client = algoliasearch("made-up", key, { hosts: [host] });
    return () => client.listIndices();
  },
  async lark(domain, appSecret) {
    const lark = ours(await import("@larksuiteoapi/node-sdk"));
    const client = new lark.Client({ appId: "made-up", appSecret, domain });
    return () => client.im.chat.list({ params: {} });
  },
  async alicloud(url, accessKeyId) {
    const api = await import("@alicloud/openapi-client");
    const { RuntimeOptions } = await import("@alicloud/tea-util");
    const { Config, Params, OpenApiRequest } = api.default?.Config ? api.default : api;
    const config = new Config({ accessKeyId, accessKeySecret: "made-up", endpoint: hostOf(url), protocol: "HTTP" });
    const client = new (ours(api))(config);
    const params = new Params({
      action: "DescribeRegions", version: "2014-05-26", protocol: "HTTP", pathname: "/", method: "POST", authType: "AK",
      style: "RPC", reqBodyType: "formData", bodyType: "json",
    });
    return () => client.callApi(params, new OpenApiRequest({}), new RuntimeOptions({}));
  },
  async tencent(url, secretId) {
    const sdk = ours(await import("tencentcloud-sdk-nodejs-cvm"));
    const client = new sdk.cvm.v20170312.Client({
      credential: { secretId, secretKey: "made-up" }, region: "ap-guangzhou",
      profile: { httpProfile: { endpoint: hostOf(url), protocol: "http://" } },
    });
    return () => client.DescribeRegions({});
  },
  async mcp(url, key) {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const client = new Client({ name: "a-client", version: "1" });
    const requestInit = { headers: { Authorization: `Bearer ${key}` } };
    return async () => { await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit })); };
  },
};

async function main(name, url, key) {
  const call = await calls[name](url, key);
  const began = performance.now();
  const told = { said: "", raised: "", above: "" };
  try {
    told.said = JSON.stringify(await call()) ?? "";
  } catch (error) {
    told.raised = error?.name ?? typeof error;
    told.said = String(error?.message ?? error);
    told.above = `${error?.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(Object(error)))}`;
  }
  console.log(`\n${JSON.stringify({ ...told, seconds: Math.round((performance.now() - began) / 100) / 10 })}`);
  process.exit(0);
}

main(...process.argv.slice(1)).catch((error) => {
  console.log(`\n${JSON.stringify({ said: String(error), raised: error?.code === "ERR_MODULE_NOT_FOUND" ? "ModuleNotFoundError" : "Error", above: String(error?.stack), seconds: 0 })}`);
  process.exit(1);
});
