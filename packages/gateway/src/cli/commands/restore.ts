/** `moltbot restore` — puts a backup in the place of what is there, and back. */

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BackupVerifyResult } from "@moltbot/protocol";
import type { BackupStore, PrepareOptions } from "../../base/backup/backup-store.ts";
import { notCarried, noteRestore, restoreProblem } from "../../base/backup/last-restore.ts";
import { reportOf } from "../../base/backup/manifest.ts";
import {
  commitPlan,
  executePlan,
  lastRestore,
  planPath,
  type RestorePlan,
  readPlan,
  rollBackPlan,
  undoPlan,
} from "../../base/backup/swap.ts";
import { defined } from "../../base/defined.ts";
import { databasePath } from "../../base/files.ts";
import { isHeld } from "../../base/store/store-held.ts";
import { type Asking, atBackups, passphraseFor } from "../backup/reach.ts";
import { defineCommand } from "../language/command.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { awaitRestart } from "../reach/await-restart.ts";
import { resolveTarget, type Target } from "../reach/target.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { ago } from "../terminal/render.ts";
import { placed } from "./backup.ts";

/** A backup in place, or with `undo` what was there before the last restore. */
export const restore = defineCommand({
  summary: "Go back to a backup, or with `undo` to what was there before",
  positionals: [{ name: "FILE", optional: true }],
  flags: {
    at: {
      kind: "text",
      value: "TIME",
      summary: "Go back to a moment, by the journal of backup.stream: 2026-11-30T08:00",
    },
    yes: { kind: "switch", short: "y", summary: "Do not ask" },
  },
  examples: [
    "moltbot restore",
    "moltbot restore --at 2026-11-30T08:00",
    "moltbot restore /mnt/usb/moltbot.sealed",
    "moltbot restore undo",
  ],
  async run(call) {
    const [file] = call.words;
    return file === "undo" ? await undo(call) : await goBack(file, call);
  },
});

const UNCHANGED = "Nothing was changed. To go back: `moltbot restore FILE --yes`.";

type RestoreCall = Asking & { readonly flags: { readonly yes: boolean; readonly at: string | undefined } };

/** A moment as people write it: ISO 8601, local time unless it says otherwise. */
function momentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isFinite(at) && at >= 0) return at;
  throw usageError(`--at is a time such as 2026-11-30T08:00 or 2026-11-30T08:00:00Z, not ${JSON.stringify(text)}.`);
}

async function goBack(named: string | undefined, call: RestoreCall): Promise<void> {
  const { out, flags } = call;
  const at = momentOf(flags.at);
  if (!flags.yes && !canAsk()) throw new CliError(UNCHANGED);
  const passphrase = await passphraseFor(named, call);
  const what = { file: placed(named), at, passphrase };
  const file = flags.yes ? what.file : await agreedOn(what, call);
  const done = await atBackups(call, "Reading and proving the backup", {
    async gateway({ client, timeoutMs, target }) {
      const answer = await client.request("backup.restore", defined({ file, at, passphrase }), {
        timeoutMs,
      });
      await restarted(call, target, answer.keptIn);
      return answer;
    },
    async here(backupStore, { stateDir }) {
      recover(stateDir);
      const { plan, manifest, elsewhere } = await backupStore.prepare({ file, at, passphrase });
      exchange(stateDir, plan, { backupStore, out });
      return { ...reportOf(plan.what, manifest), elsewhere: [...elsewhere], keptIn: plan.aside };
    },
  });
  if (flags.json) return out.json(done);
  out.print(`${done.path}, made ${ago(done.at)} on ${done.host}, is in place. What was there is in ${done.keptIn}.`);
  out.print("Pairings are as they were in the backup: `moltbot devices list` and `moltbot pairing list` show them.");
  for (const each of done.elsewhere) out.print(`Put elsewhere, for this machine has no such place for it: ${each}`);
  out.print("`moltbot restore undo` goes back. A gateway that still runs on the old machine must be stopped first:");
  out.print("two gateways with the same accounts take each other's messages. WhatsApp may ask for a new link.");
}

/** Says what a restore of the backup would replace, and asks once. Returns its path: meanwhile a newer one may be made. */
async function agreedOn(what: PrepareOptions, call: RestoreCall): Promise<string> {
  const { out } = call;
  const { path, ...found } = await atBackups<BackupVerifyResult>(call, "Reading the backup", {
    gateway: ({ client, timeoutMs }) => client.request("backup.verify", defined(what), { timeoutMs }),
    async here(backupStore, { stateDir }) {
      refuseWhenHeld(stateDir);
      const { manifest, outside, elsewhere, ...at } = await backupStore.verify(what);
      return { ...reportOf(at.path, manifest), outside: [...outside], elsewhere: [...elsewhere] };
    },
  });
  const moment = what.at === undefined ? "" : `, brought forward to ${new Date(what.at).toISOString()}`;
  out.note(`${path}, made ${ago(found.at)} on ${found.host}${moment}, takes the place of what is there.\n`);
  for (const each of found.outside ?? []) out.note(`It also replaces ${each}, outside the state folder.\n`);
  for (const each of found.elsewhere ?? [])
    out.note(`This machine has no place for ${each}; that goes into the state folder.\n`);
  if (await confirm("Put it there? What is there now is kept beside it.", "yes")) return path;
  throw new CliError(UNCHANGED);
}

const NO_RESTORE = "There is no restore that could be undone.";

async function undo(call: RestoreCall): Promise<void> {
  const { out, flags } = call;
  if (!flags.yes && canAsk()) await agreedToUndo(call);
  const done = await atBackups(call, "Going back", {
    async gateway({ client, timeoutMs, target }) {
      const answer = await client.request("backup.undo", {}, { timeoutMs });
      await restarted(call, target, answer.keptIn);
      return answer;
    },
    async here(backupStore, { stateDir }) {
      recover(stateDir);
      const last = lastRestore(stateDir);
      if (!last) throw new CliError(NO_RESTORE);
      const plan = undoPlan(last);
      exchange(stateDir, plan, { backupStore, out });
      return { what: last.what, keptIn: plan.aside };
    },
  });
  if (flags.json) return out.json(done);
  out.print(`What was there before ${done.what} is back. What was restored is in ${done.keptIn}.`);
}

/** Asks once, on a terminal: scripts have always been able to go back. */
async function agreedToUndo({ flags, env }: RestoreCall): Promise<void> {
  const { isLocal, stateDir } = resolveTarget(flags, env);
  const last = isLocal ? lastRestore(stateDir) : undefined;
  if (isLocal && !last) throw new CliError(NO_RESTORE);
  const question = `Put back what was there before ${last?.what ?? "the last restore"}? What is there now is kept beside it.`;
  if (!(await confirm(question, "yes"))) throw new CliError("Nothing was changed.");
}

/** How long a gateway may take to start with a restored state, and between two looks, ms. */
const START_MS = 120_000;
const LOOK_EVERY_MS = 100;

/** Waits until the gateway has started with what was restored, or without it, and answers again. */
async function restarted(call: Asking, { isLocal, stateDir }: Target, keptIn: string): Promise<void> {
  const atMs = performance.now();
  if (isLocal)
    for (const until = performance.now() + START_MS; existsSync(planPath(stateDir)); await sleep(LOOK_EVERY_MS))
      if (performance.now() > until)
        throw new CliError("The gateway has not restarted yet; `moltbot logs` shows what it does.", EXIT.timeout);
  const problem = () => restoreProblem(stateDir, Date.now());
  if (isLocal && !existsSync(keptIn))
    throw new CliError(
      problem() ?? "The gateway could not start with it, so what was there before is back; see `moltbot logs`.",
    );
  await awaitRestart(call, { atMs, done: `It is in place, and what was there is in ${keptIn}` });
  if (isLocal && problem() !== undefined) call.out.note(`${problem()}\n`);
}

/** Takes back what an interrupted restore has left. */
function recover(stateDir: string): void {
  refuseWhenHeld(stateDir);
  const plan = readPlan(stateDir);
  if (plan) rollBackPlan(stateDir, plan);
}

function exchange(stateDir: string, plan: RestorePlan, by: { backupStore: BackupStore; out: Asking["out"] }): void {
  refuseWhenHeld(stateDir);
  try {
    if (!by.backupStore.carryOver(plan)) by.out.note(`${notCarried(plan.what)}\n`);
    commitPlan(stateDir, executePlan(stateDir, plan));
    noteRestore(stateDir, undefined);
  } catch (error) {
    rollBackPlan(stateDir, readPlan(stateDir) ?? plan);
    throw error;
  }
}

function refuseWhenHeld(stateDir: string): void {
  if (!isHeld(databasePath(stateDir))) return;
  throw new CliError(`A gateway uses ${databasePath(stateDir)}; stop it first: \`moltbot gateway stop\`.`);
}
