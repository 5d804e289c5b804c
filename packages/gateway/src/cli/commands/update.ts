/** `moltbot update` — another version in the place of the one that runs, and back. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { planPath } from "../../base/backup/swap.ts";
import { defined } from "../../base/defined.ts";
import { currentVersion, lastUpdate, updatePath } from "../../base/update/record.ts";
import type { Updates } from "../../slices/operations/update/update.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, EXIT } from "../language/exit.ts";
import { awaitRestart } from "../reach/await-restart.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import type { Target } from "../reach/target.ts";
import { offlineStateDir, putBack, putInPlace, withUpdates } from "../updating/offline.ts";

/** Fetching, a backup and a trial may take this long, ms. */
const LONG_MS = 3_600_000;
/** After the answer the gateway restarts, is watched and perhaps goes back, ms beside the time of watching. */
const RESTART_MS = 180_000;
const LOOK_EVERY_MS = 200;

const updateFlags = {
  check: { kind: "switch", summary: "Only say whether there is a newer version" },
  to: { kind: "text", value: "VERSION", summary: "This version instead of the newest" },
  from: { kind: "text", value: "FOLDER", summary: "The folder of a package instead of the registry" },
} as const;

const run = defineCommand({
  summary: "Update the gateway; when the new version is not well, the old one comes back",
  flags: updateFlags,
  examples: ["moltbot update --check", "moltbot update", "moltbot update --to 2026.12.0", "moltbot update undo"],
  async run(call) {
    const stateDir = offlineStateDir(call);
    if (stateDir !== undefined)
      return call.flags.check ? await checkAlone(call, stateDir) : await alone(call, stateDir);
    await withGateway(call, (link) => (call.flags.check ? check(call, link) : update(call, link)));
  },
});

const undo = defineCommand({
  summary: "Go back to the version from before the last update, and to the backup that was made then",
  async run(call) {
    const { out, flags } = call;
    const stateDir = offlineStateDir(call);
    if (stateDir !== undefined) return await undoAlone(call, stateDir);
    await withGateway(call, async ({ client, target }) => {
      const done = await client.request("update.undo", {}, { timeoutMs: flags.timeout ?? LONG_MS });
      await out.during("Going back", restarted(call, target));
      if (flags.json) return out.json(done);
      out.print(`Version ${done.to} starts again, with the backup from before the update: ${done.backup}.`);
      out.print("What came since is kept beside it; `moltbot restore undo` brings it back.");
    });
  },
});

/** Updates. */
export const updateCommand = defineGroup({
  summary: "Update the gateway, and go back",
  alone: run,
  commands: { run, undo },
});

type UpdateCall = Call<typeof updateFlags>;
type Found = Awaited<ReturnType<Updates["check"]>>;

/** Fetches, tries and switches while no gateway runs: nothing is there to be watched, so the next start is the new version's. */
async function alone(call: UpdateCall, stateDir: string): Promise<void> {
  const { out, flags } = call;
  const params = wanted(flags);
  const answer = await out.during(
    "Fetching and trying the new version",
    withUpdates(stateDir, call, (updates, signal) => updates.run(params, signal)),
  );
  const { result } = answer;
  if (result.status !== "ok") return notUpdated(call, answer);
  putInPlace(stateDir);
  if (flags.json) return out.json(answer);
  out.print(
    `Version ${result.after.version} is in place; no gateway runs, so it begins with the next \`moltbot gateway\`.`,
  );
  out.print(`\`moltbot update undo\` goes back to ${result.before.version}.`);
}

async function undoAlone(call: Call, stateDir: string): Promise<void> {
  const { out, flags } = call;
  const done = await withUpdates(stateDir, call, (updates) => updates.undo());
  putBack(stateDir);
  if (flags.json) return out.json(done);
  out.print(`The next start is that of version ${done.to}, with the backup from before the update: ${done.backup}.`);
  out.print("What came since is kept beside it then; `moltbot restore undo` brings it back.");
}

/** There is nothing newer, or it did not work. */
function notUpdated({ out, flags }: UpdateCall, answer: { readonly result: NotUpdated }): void {
  const { status, reason } = answer.result;
  if (status === "error") throw new CliError(`Nothing was changed: ${reason}.`);
  if (flags.json) out.json(answer);
  else out.print(`Nothing to do: ${reason}.`);
}

interface NotUpdated {
  readonly status: string;
  readonly reason?: string;
}

function wanted({ to, from }: UpdateCall["flags"]) {
  return defined({ to, from: from === undefined ? undefined : resolve(from) });
}

async function check(call: UpdateCall, { client }: Link): Promise<void> {
  show(call, await client.request("update.check", {}, { timeoutMs: call.flags.timeout ?? LONG_MS }));
}

async function checkAlone(call: UpdateCall, stateDir: string): Promise<void> {
  show(call, await withUpdates(stateDir, call, (updates, signal) => updates.check(signal)));
}

function show({ out, flags }: UpdateCall, found: Found): void {
  if (flags.json) return out.json(found);
  const { version, newest, isNewer, last } = found;
  out.print(isNewer ? `${newest} is there; ${version} runs. \`moltbot update\` updates.` : `${version} is the newest.`);
  if (last && !last.ok) out.print(`The update to ${last.to} was given up: ${last.why ?? "it was not well"}.`);
}

async function update(call: UpdateCall, { client, target }: Link): Promise<void> {
  const { out, flags } = call;
  const params = { ...wanted(flags), restartDelayMs: 200 };
  const answer = await out.during(
    "Fetching and trying the new version",
    client.request("update.run", params, { timeoutMs: flags.timeout ?? LONG_MS }),
  );
  if (answer.result.status !== "ok") return notUpdated(call, answer);
  const { before, after } = answer.result;
  if (target.isLocal) await out.during("Watching the new version", watched(call, target, after?.version));
  if (flags.json) return out.json(answer);
  out.print(
    target.isLocal
      ? `Version ${after?.version} runs. \`moltbot update undo\` goes back to ${before?.version}.`
      : `Version ${after?.version} is being tried; \`moltbot update --check\` says how that ended.`,
  );
}

/** Waits until no update is under way and the gateway answers again. */
async function restarted(call: Pick<Call, "flags" | "env">, { isLocal, stateDir }: Target): Promise<void> {
  const atMs = performance.now();
  const until = atMs + RESTART_MS + LONG_MS;
  while (isLocal && (existsSync(updatePath(stateDir)) || existsSync(planPath(stateDir)) || !readInstance(stateDir))) {
    if (performance.now() > until) throw new CliError("It takes long; look at `moltbot logs`.", EXIT.timeout);
    await sleep(LOOK_EVERY_MS);
  }
  await awaitRestart(call, { atMs });
}

/** Waits until the gateway of this machine runs again. Throws `CliError` when that is the old version. */
async function watched(call: UpdateCall, target: Target, to: string | undefined): Promise<void> {
  await restarted(call, target);
  const last = lastUpdate(target.stateDir);
  if (last?.phase === "failed" && (to === undefined || last.to === to))
    throw new CliError(`Version ${last.to} was given up (${last.why}); ${last.from} runs, and nothing was lost.`);
  // A full disk has no room for how it ended.
  if (to === undefined || currentVersion(target.stateDir) === to) return;
  throw new CliError(`Version ${to} was given up; \`moltbot logs\` says why. Nothing was lost.`);
}
