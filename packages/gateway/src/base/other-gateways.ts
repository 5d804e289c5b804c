/** Finds state folders of other gateways, and says whether one of their programs still runs. */
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isRecord } from "./config/config.ts";
import { ignore } from "./errors.ts";
import { type Env, expandHome } from "./files.ts";

const FOLDERS = /^\.(?:clawdbot|moltbot|openclaw)(?:-[A-Za-z0-9_-]+)?$/;
const VARIABLES = ["CLAWDBOT_STATE_DIR", "OPENCLAW_STATE_DIR"];
const SIGNS = ["clawdbot.json", "openclaw.json", "moltbot.json", "agents", "devices"];
const LIMIT_MS = 1_000;

/** Folders that look like the state of another gateway, without our own one. */
export function foldersOfOthers(env: Env, ours: string): string[] {
  const home = env.HOME ?? homedir();
  const named = VARIABLES.flatMap((name) => (env[name] ? [resolve(expandHome(env[name]))] : []));
  const beside = namesIn(home).filter((name) => FOLDERS.test(name));
  const all = [...named, ...beside.map((name) => join(home, name))];
  return [...new Set(all)].filter((folder) => folder !== ours && SIGNS.some((sign) => existsSync(join(folder, sign))));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    ignore(error, "a home that is not there, or cannot be read, holds no gateway");
    return [];
  }
}

/** Whether something listens on a port of this machine. */
export async function isTaken(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1", signal: AbortSignal.timeout(LIMIT_MS) });
  const { promise, resolve: settle } = Promise.withResolvers<boolean>();
  socket.once("connect", () => settle(true));
  socket.once("error", () => settle(false));
  const taken = await promise;
  socket.destroy();
  return taken;
}

const USUAL_PORT = 18_789;

/** The port of another gateway, by its settings. */
export function portOfOther({ gateway }: Readonly<Record<string, unknown>>): number {
  const { port } = isRecord(gateway) ? gateway : {};
  return Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : USUAL_PORT;
}
