// Node's stripe takes a host, a port and a protocol, and no path.
const { createRequire } = require("node:module");
const Stripe = createRequire(`${process.env.KEYLESS_NODE}/`)("stripe");

async function main(url) {
  const { hostname, port, protocol } = new URL(url);
  const where = { host: hostname, port, protocol: protocol.slice(0, -1) };
  const stripe = new Stripe("sk_test_made_up", { ...where, maxNetworkRetries: 0, telemetry: false });
  console.log(JSON.stringify((await stripe.customers.list({ limit: 1 })).data.length));
}

main(process.argv[3]);
