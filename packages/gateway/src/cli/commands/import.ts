/** `moltbot import` — takes over the state of clawdbot, moltbot of January 2026, or openclaw. */
import { messageOf } from "../../base/errors.ts";
import { resolveStateDir } from "../../base/files.ts";
import { foldersOfOthers, isTaken, portOfOther } from "../../base/other-gateways.ts";
import type { Kind, Plan } from "../../slices/operations/imports/plan.ts";
import { type ImportServices, openOurs } from "../import/open.ts";
import { showApplied, showPlan } from "../import/show.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { printable } from "../terminal/render.ts";

const KINDS = ["config", "workspace", "sessions", "jobs", "devices", "senders", "logins", "keys", "voicewake"] as const;

const flags = {
  "dry-run": { kind: "switch", summary: "Only say what would be imported" },
  yes: { kind: "switch", short: "y", summary: "Do not ask" },
  only: { kind: "list", value: "KIND", summary: "Import only this; may be given several times", choices: KINDS },
  copy: { kind: "switch", summary: "Copy the workspaces instead of using them where they are" },
  "enable-channels": { kind: "switch", summary: "Switch the channels on: the other gateway is off for good" },
} as const;

const take = defineCommand({
  summary: "Take over the state of clawdbot, moltbot of January 2026, or openclaw",
  positionals: [{ name: "DIR", optional: true }],
  flags,
  examples: [
    "moltbot import --dry-run",
    "moltbot import ~/.openclaw",
    "moltbot import ~/.clawdbot --only sessions --yes",
  ],
  async run(call) {
    const { flags, env, out } = call;
    const folder = folderOf(call);
    await using ours = await openOurs(env, flags.profile);
    const plan = await out.during("Reading", planIn(ours, folder, call));
    if (flags.json && flags["dry-run"]) return out.json(ours.imports.factsOf(plan));
    if (!flags.json) showPlan(plan, out);
    if (flags["dry-run"]) return;
    await requireQuiet(plan);
    if (!flags.yes && !flags.json) await requireConsent();
    const applied = await out.during("Importing", ours.imports.apply(plan));
    const allowed = flags.yes || flags.json || !canAsk() ? [] : await askForCommands(ours, plan);
    const report = ours.imports.report(plan, applied, allowed);
    if (flags.json) return out.json({ ...ours.imports.factsOf(plan), added: applied.added, report });
    showApplied(applied, { plan, report, out });
  },
});

function folderOf({ words, env, flags }: Call): string {
  const [named] = words;
  if (named !== undefined) return named;
  const found = foldersOfOthers(env, resolveStateDir({ env, profile: flags.profile }));
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw usageError(
      "No state folder of clawdbot, moltbot or openclaw was found in your home. Name it: `moltbot import DIR`.",
    );
  throw usageError(`There are several: ${found.join(", ")}. Name one: \`moltbot import DIR\`.`);
}

async function planIn(ours: ImportServices, folder: string, { flags: given }: Call<typeof flags>): Promise<Plan> {
  const only = given.only.length > 0 ? (given.only as readonly Kind[]) : undefined;
  return await ours.imports.plan(folder, {
    ...{ only, copy: given.copy, enableChannels: given["enable-channels"], sections: ours.sections },
    isFirst: ours.isFirst,
  });
}

/** Two gateways on one state would write past each other. */
async function requireQuiet({ found }: Plan): Promise<void> {
  const port = portOfOther(found.config);
  if (await isTaken(port))
    throw new CliError(
      `Something listens on port ${port}, where the other gateway runs. Stop it first, so that nothing is written meanwhile.`,
    );
}

async function requireConsent(): Promise<void> {
  if (!canAsk()) throw usageError("Nobody can be asked here. Add --yes to import, or --dry-run to look.");
  if (!(await confirm("Import this?", "yes"))) throw new CliError("Nothing was changed.");
}

/** Each command that ran unasked there is asked for: here it must be one that can do no harm. */
async function askForCommands({ approvals }: ImportServices, { found }: Plan): Promise<string[]> {
  const allowed: string[] = [];
  for (const { agentId, pattern } of found.commands) {
    if (!(await confirm(`May ${printable(agentId)} run ${printable(pattern)} without asking?`, "no"))) continue;
    try {
      await approvals.allow({ agentId, pattern });
      allowed.push(pattern);
    } catch (error) {
      process.stderr.write(`It stays as it is: ${printable(messageOf(error))}\n`);
    }
  }
  return allowed;
}

const undo = defineCommand({
  summary: "Take the newest import back; what came after it stays",
  async run({ flags, env, out }) {
    await using ours = await openOurs(env, flags.profile);
    const undone = await ours.imports.undo();
    if (undone === undefined) {
      out.note("There is no import to take back.");
      return EXIT.failed;
    }
    if (flags.json) return out.json(undone);
    const said = Object.entries(undone.removed).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
    out.print(
      `Taken back: the import of ${printable(undone.folder)}${said.length > 0 ? ` (${said.join(", ")})` : ""}.`,
    );
    for (const sentence of undone.kept) out.print(sentence);
    return EXIT.ok;
  },
});

export const importGroup = defineGroup({
  summary: "Take over the state of another gateway",
  commands: { run: take, undo },
  alone: take,
});
