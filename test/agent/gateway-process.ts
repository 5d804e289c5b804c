/** A gateway as a process of its own, for tests that kill it: `gateway-process.ts STATE_DIR`; prints its URL. */
import { startGateway } from "../../packages/gateway/src/start/supervise.ts";

const [stateDir = ""] = process.argv.slice(2);
const gateway = await startGateway({
  stateDir,
  env: process.env,
  ownsProcess: true,
  overrides: { port: 0, token: "secret-token" },
  sinks: [],
});
process.stdout.write(`${gateway.url}\n`);
