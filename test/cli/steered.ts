// A browser for machines to steer, and how its node is asked.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../support/browser.ts";
import type { TestGateway } from "../support/gateway.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { approve, type Machine } from "./machine.ts";

/** A program that starts a Chromium as root, and leaves its process id in a file. */
export async function browserIn(folder: string): Promise<string> {
  const { path, env } = await findChromium();
  const program = join(folder, "browser.sh");
  const vars = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`);
  const line = `exec '${path}' --no-sandbox --disable-dev-shm-usage "$@"`;
  writeFileSync(program, `#!/bin/sh\n${vars.join("")}echo $$ > '${folder}/pid'\n${line}\n`);
  chmodSync(program, 0o700);
  return program;
}

interface Proxied {
  readonly method?: string;
  readonly path: string;
  readonly query?: object;
  readonly body?: object;
  readonly profile?: string;
  readonly timeoutMs?: number;
}

/** Asks the browser; answers what is said, or the refusal's words. */
export function asking(admin: WireClient, nodeId: string) {
  let keys = 0;
  return async (params: Proxied) => {
    const call = { nodeId, command: "browser.proxy", params: { timeoutMs: LIMIT_MS, ...params }, timeoutMs: LIMIT_MS };
    const { payload, error } = await admin.request("node.invoke", { ...call, idempotencyKey: `b${++keys}` });
    return error?.message ?? payload.payload;
  };
}

/** Starts a machine with a browser that may reach one service of this machine, and approves its node. */
export async function steered(machine: Machine, gateway: TestGateway, reach: string) {
  machine.more.push("--browser", await browserIn(machine.folder), "--browser-reach", reach);
  await machine.start();
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  return { admin, ask: asking(admin, await approve(admin)) };
}
