/**
 * A gateway as a process of its own with two tools more, for tests that kill it while they work: `tool-process.ts
 * STATE_DIR`; prints its URL. `plant` changes something, `look` does not; each notes its calls in `calls.txt` beside the
 * state folder, hangs in its first one and answers from the second on.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TOOLS } from "../../packages/gateway/src/definitions.ts";
import { defineTool } from "../../packages/gateway/src/kit/tool.ts";
import { startGateway } from "../../packages/gateway/src/start/supervise.ts";

const [stateDir = ""] = process.argv.slice(2);
const notes = join(stateDir, "..", "calls.txt");

function slowTool(name: string, changes: boolean) {
  return defineTool({
    ...{ name, summary: `${name}s slowly.`, audience: "owner", changes, params: {} },
    async run() {
      appendFileSync(notes, `${name}\n`);
      const calls = readFileSync(notes, "utf8")
        .split("\n")
        .filter((line) => line === name).length;
      return calls > 1 ? `${name}ed` : await new Promise<string>(() => {});
    },
  });
}

TOOLS.push(slowTool("plant", true), slowTool("look", false));
const gateway = await startGateway({
  stateDir,
  env: process.env,
  ownsProcess: true,
  overrides: { port: 0, token: "secret-token" },
  sinks: [],
});
process.stdout.write(`${gateway.url}\n`);
