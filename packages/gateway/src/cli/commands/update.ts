/** `moltbot update` — another version in the place of the one that runs, and back. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { planPath } from "../../base/backup/swap.ts";
import { defined } from "../../base/defined.ts";
import { lastUpdate, updatePath } from "../../base/update/record.ts";
import { type Call, defineCommand, defineGroup } from "../command.ts";
import { type Link, withGateway } from "../connect.ts";
import { CliError, EXIT } from "../exit.ts";
import { readInstance } from "../instance.ts";

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
  run: (call) => withGateway(call, (link) => (call.flags.check ? check(call, link) : update(call, link))),
});

const undo = defineCommand({
  summary: "Go back to the version from before the last update, and to the backup that was made then",
  run: (call) =>
    withGateway(call, async ({ client, target }) => {
      const { out, flags } = call;
      const done = await client.request("update.undo", {}, { timeoutMs: flags.timeout ?? LONG_MS });
      if (target.isLocal) await out.during("Going back", restarted(target.stateDir));
      if (flags.json) return out.json(done);
      out.print(`Version ${done.to} starts again, with the backup from before the update: ${done.backup}.`);
      out.print("What came since is kept beside it; `moltbot restore undo` brings it back.");
    }),
});

/** Updates. */
export const updateCommand = defineGroup({
  summary: "Update the gateway, and go back",
  alone: run,
  commands: { run, undo },
});

type UpdateCall = Call<typeof updateFlags>;

async function check({ out, flags }: UpdateCall, { client }: Link): Promise<void> {
  const found = await client.request("update.check", {}, { timeoutMs: flags.timeout ?? LONG_MS });
  if (flags.json) return out.json(found);
  const { version, newest, isNewer, last } = found;
  out.print(isNewer ? `${newest} is there; ${version} runs. \`moltbot update\` updates.` : `${version} is the newest.`);
  if (last && !last.ok) out.print(`The update to ${last.to} was given up: ${last.why ?? "it was not well"}.`);
}

async function update({ out, flags }: UpdateCall, { client, target }: Link): Promise<void> {
  const { to, from } = flags;
  const params = { ...defined({ to, from: from === undefined ? undefined : resolve(from) }), restartDelayMs: 200 };
  const answer = await out.during(
    "Fetching and trying the new version",
    client.request("update.run", params, { timeoutMs: flags.timeout ?? LONG_MS }),
  );
  const { status, reason, before, after } = answer.result;
  if (status === "skipped") return flags.json ? out.json(answer) : out.print(`Nothing to do: ${reason}.`);
  if (status === "error") throw new CliError(`Nothing was changed: ${reason}.`);
  if (target.isLocal) await out.during("Watching the new version", watched(target.stateDir));
  if (flags.json) return out.json(answer);
  out.print(
    target.isLocal
      ? `Version ${after?.version} runs. \`moltbot update undo\` goes back to ${before?.version}.`
      : `Version ${after?.version} is being tried; \`moltbot update --check\` says how that ended.`,
  );
}

/** Waits until no update is under way and the gateway of this machine runs. */
async function restarted(stateDir: string): Promise<void> {
  const until = performance.now() + RESTART_MS + LONG_MS;
  while (existsSync(updatePath(stateDir)) || existsSync(planPath(stateDir)) || !readInstance(stateDir)) {
    if (performance.now() > until) throw new CliError("It takes long; look at `moltbot logs`.", EXIT.timeout);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Waits until the gateway of this machine runs again. Throws `CliError` when that is the old version. */
async function watched(stateDir: string): Promise<void> {
  await restarted(stateDir);
  const last = lastUpdate(stateDir);
  if (last?.phase !== "failed") return;
  throw new CliError(`Version ${last.to} was given up (${last.why}); ${last.from} runs, and nothing was lost.`);
}
