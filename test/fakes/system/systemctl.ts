// A systemctl that behaves as the real one does for one user: it reads units from the user's folder, starts their programs with
// their own environment and no other, waits for what must run after the start, and keeps what it knows in one file.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Known {
  pid?: number;
  enabled?: boolean;
  failed?: number;
}

const { HOME = "", XDG_CONFIG_HOME, FAKE_SYSTEM = "", XDG_RUNTIME_DIR } = process.env;
const words = process.argv.slice(2).filter((word) => word !== "--user");
const folder = join(XDG_CONFIG_HOME ?? join(HOME, ".config"), "systemd", "user");
const stateFile = join(FAKE_SYSTEM, "units.json");
const known = (existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : {}) as Record<string, Known>;
appendFileSync(join(FAKE_SYSTEM, "calls"), `systemctl ${process.argv.slice(2).join(" ")}\n`);

if (existsSync(join(FAKE_SYSTEM, "no-bus"))) fail("Failed to connect to bus: No medium found", 1);
process.exitCode = await run();

async function run(): Promise<number> {
  const [verb = "", ...rest] = words;
  const unit = rest.find((word) => /\.(?:service|socket)$/.test(word)) ?? "";
  if (verb === "daemon-reload") return 0;
  if (!existsSync(join(folder, unit))) return fail(`Failed to ${verb} unit: Unit ${unit} not found.`, 5);
  const it = known[unit] ?? {};
  known[unit] = it;
  if (verb === "enable") it.enabled = true;
  if (verb === "disable") it.enabled = false;
  if (["stop", "restart"].includes(verb) || (verb === "disable" && rest.includes("--now"))) await stop(it);
  let code = 0;
  // Nobody listens here in place of a service.
  if (unit.endsWith(".socket")) delete it.pid;
  else if (verb === "start" || verb === "restart") code = await start(unit, it);
  if (verb === "show") show(it);
  writeFileSync(stateFile, JSON.stringify(known));
  return code;
}

async function start(unit: string, it: Known): Promise<number> {
  if (it.pid !== undefined && isAlive(it.pid)) return 0;
  const text = readFileSync(join(folder, unit), "utf8");
  const env: Record<string, string> = { HOME, USER: "somebody", ...(XDG_RUNTIME_DIR && { XDG_RUNTIME_DIR }) };
  for (const [, pair = ""] of text.matchAll(/^Environment="(.*)"$/gm)) {
    const at = pair.indexOf("=");
    env[pair.slice(0, at)] = unescaped(pair.slice(at + 1));
  }
  const [program = "", ...args] = commandOf(text, "ExecStart");
  const child = spawn(program, args, { env, stdio: "ignore", detached: true });
  child.unref();
  it.pid = child.pid ?? 0;
  const [post, ...postArgs] = commandOf(text, "ExecStartPost");
  if (post === undefined) return 0;
  // Not spawnSync: this process must hear of the program's end meanwhile, as systemd does.
  const after = spawn(post, postArgs, { env: { ...env, MAINPID: String(it.pid) }, stdio: "ignore" });
  const [status] = await once(after, "close");
  if (status === 0) return 0;
  it.failed = status ?? 1;
  return fail(`Job for ${unit} failed because the control process exited with error code.`, 1);
}

async function stop(it: Known): Promise<void> {
  const { pid } = it;
  delete it.pid;
  if (pid === undefined || !isAlive(pid)) return;
  process.kill(pid, "SIGTERM");
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function show({ pid, enabled, failed }: Known): void {
  const isUp = pid !== undefined && isAlive(pid);
  process.stdout.write(
    [
      `MainPID=${isUp ? pid : 0}`,
      `ActiveState=${isUp ? "active" : failed === undefined ? "inactive" : "failed"}`,
      `SubState=${isUp ? "running" : "dead"}`,
      `UnitFileState=${enabled ? "enabled" : "disabled"}`,
      "ExecMainStatus=0",
      "NeedDaemonReload=no",
      "",
    ].join("\n"),
  );
}

function commandOf(text: string, name: string): string[] {
  const line = new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) => unescaped(word).replaceAll("$$", "$"));
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, "$1").replaceAll("%%", "%");
}

function isAlive(pid: number): boolean {
  // A program that has ended stays in the table until its parent has asked for it; nobody does here.
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

function fail(words: string, code: number): number {
  process.stderr.write(`${words}\n`);
  process.exitCode = code;
  if (words.startsWith("Failed to connect")) process.exit(code);
  return code;
}
