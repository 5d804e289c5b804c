/** What people read of an import. */

import type { Note } from "../../slices/operations/imports/found.ts";
import type { AppliedImport, Kind, Plan } from "../../slices/operations/imports/plan.ts";
import { wordFor } from "../language/word-for.ts";
import type { Output } from "../terminal/output.ts";
import { facts, printable, table } from "../terminal/render.ts";

const WORDS: Readonly<Record<Kind, string>> = {
  config: "Settings",
  workspace: "Workspaces",
  sessions: "Messages",
  jobs: "Jobs",
  devices: "Devices",
  senders: "Senders let in",
  logins: "Channel logins",
  keys: "Keys of models",
  voicewake: "Wake words",
};
const NAMES = { january: "clawdbot or moltbot of January 2026", today: "openclaw" } as const;
/** Notes of each kind that are printed, at most; the report holds all. */
const MAX_NOTES = 12;

export function showPlan(plan: Plan, out: Output): void {
  out.print(
    `${out.style.bold(printable(plan.found.folder))} is the state of ${wordFor(NAMES, plan.found.generation)}.\n`,
  );
  const rows = plan.counts
    .filter(({ found }) => found > 0)
    .map(({ kind, found, fresh }) => [wordFor(WORDS, kind), String(found), String(fresh)]);
  out.print(table([{ title: "What", flexible: true }, { title: "Found" }, { title: "New here" }], rows, out));
  if (plan.conversations > 0) out.print(`Conversations: ${plan.conversations}`);
  for (const { agentId, from } of plan.workspaces)
    out.print(
      `The workspace of ${printable(agentId)} is ${plan.choice.copy ? "copied from" : "used where it is:"} ${printable(from)}`,
    );
  showNotes("Not taken over", plan.left, out);
  showNotes("Could not be read", plan.warnings, out);
}

function showNotes(title: string, notes: readonly Note[], out: Output): void {
  if (notes.length === 0) return;
  out.print(`\n${title}:`);
  for (const { at, text } of notes.slice(0, MAX_NOTES)) out.print(`- ${printable(at)}: ${printable(text)}`);
  if (notes.length > MAX_NOTES) out.print(`- and ${notes.length - MAX_NOTES} more, which the report names`);
}

export function showApplied(
  { added }: AppliedImport,
  { plan, report, out }: { plan: Plan; report: string; out: Output },
): void {
  const rows = Object.entries(added).flatMap(([kind, count]) =>
    count > 0 ? [[WORDS[kind as Kind], String(count)] as const] : [],
  );
  out.print(
    rows.length === 0
      ? "Nothing was new; nothing was changed."
      : `
${out.style.bold("Imported")}
${facts(rows, out)}`,
  );
  if (plan.channels.length > 0 && !plan.choice.enableChannels)
    out.print(
      `The channels (${plan.channels.map(printable).join(", ")}) are switched off: a login must not be used in two places. Stop the ` +
        "other gateway for good, then switch each on with `moltbot config set channels.NAME.enabled true`.",
    );
  out.print(`The whole report: ${report}`);
  out.print("`moltbot import undo` takes it back.");
}
