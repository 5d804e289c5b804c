/** Steps that change the config file: back to the last good copy, new secrets, accounts that fight over a token. */

import { isRecord, readConfig } from "../../base/config/config.ts";
import { lastGoodPaths } from "../../base/config/config-copies.ts";
import { configPath, readFirst, readTextIfExists } from "../../base/files.ts";
import { newSecret } from "../../base/ids.ts";
import { isGuessable } from "./secret-strength.ts";
import { type Step, type StepContext, sectionOf } from "./step.ts";
import type { UndoableChanges } from "./undoable-changes.ts";

/** A file with a mistake goes back to its last good copy. */
export async function configSteps({ target, env }: StepContext): Promise<Step[]> {
  const path = configPath(target.stateDir, env);
  const raw = readTextIfExists(path);
  if (raw === undefined) return [];
  const { SECTIONS } = await import("../sections.ts");
  const { issues } = readConfig(raw, SECTIONS, { path, env });
  if (issues.length === 0) return [];
  const good = readFirst(lastGoodPaths({ path, fallbackFolder: target.stateDir }));
  if (good === undefined || readConfig(good, SECTIONS, { path, env }).issues.length > 0) return [];
  const [{ path: key, message } = { path: "", message: "" }] = issues;
  return [
    {
      name: "config",
      before: `${path} is invalid: ${`${key} ${message}`.trim()}`,
      after: "the last good copy is in its place",
      apply(changes) {
        changes.write(path, good);
        return undefined;
      },
    },
  ];
}

/** A weak secret of the gateway, and one that hooks share with it. */
export function secretSteps(context: StepContext): Step[] {
  const steps: Step[] = [];
  const auth = sectionOf(context.config, "gateway", "auth");
  const name = auth.mode === "password" ? "password" : "token";
  const secret = auth[name];
  // A secret of the environment cannot be changed from here.
  if (typeof secret === "string" && auth.mode !== "none" && isGuessable(secret) && isInFile(context, secret))
    steps.push({
      name: "secret",
      before: `the gateway ${name} is easy to guess`,
      after: "a long random one; every client must be told it",
      async apply(changes) {
        const fresh = newSecret();
        await patchConfig(context, changes, { gateway: { auth: { [name]: fresh } } });
        return `The new gateway ${name} is ${fresh} (shown once; it stands in the settings).`;
      },
    });
  const hooks = sectionOf(context.config, "hooks");
  if (typeof hooks.token === "string" && hooks.token === secret && isInFile(context, hooks.token))
    steps.push({
      name: "hooks-token",
      before: `hooks.token is the gateway ${name} too: who sends hooks may do everything`,
      after: "hooks have a token of their own; every sender must be told it",
      async apply(changes) {
        const fresh = newSecret();
        await patchConfig(context, changes, { hooks: { token: fresh } });
        return `The new hooks.token is ${fresh} (shown once; it stands in the settings).`;
      },
    });
  return steps;
}

/** Two accounts with one token of a platform: each takes the other's messages away. */
export function accountSteps(context: StepContext): Step[] {
  const steps: Step[] = [];
  for (const channel of Object.keys(sectionOf(context.config, "channels"))) {
    const settings = sectionOf(context.config, "channels", channel);
    const holders = new Map<string, string>();
    if (typeof settings.botToken === "string" && settings.enabled !== false) holders.set(settings.botToken, "default");
    for (const [account, own] of Object.entries(sectionOf(settings, "accounts"))) {
      if (!isRecord(own) || own.enabled === false || typeof own.botToken !== "string") continue;
      const first = holders.get(own.botToken);
      if (first === undefined) holders.set(own.botToken, account);
      else
        steps.push({
          name: "account-conflict",
          before: `${channel}: the accounts ${first} and ${account} have the same token and fight over messages`,
          after: `${account} is switched off`,
          async apply(changes) {
            await patchConfig(context, changes, {
              channels: { [channel]: { accounts: { [account]: { enabled: false } } } },
            });
            return undefined;
          },
        });
    }
  }
  return steps;
}

async function patchConfig(
  { target, env }: StepContext,
  changes: UndoableChanges,
  patch: Readonly<Record<string, unknown>>,
): Promise<void> {
  const path = configPath(target.stateDir, env);
  const { patchConfigText } = await import("../../base/config/config-edit.ts");
  changes.write(path, patchConfigText(readTextIfExists(path) ?? "", patch));
}

/** Whether a value is in the file itself: not in a variable, and not in a file that it includes. */
function isInFile({ target, env }: StepContext, value: string): boolean {
  return (readTextIfExists(configPath(target.stateDir, env)) ?? "").includes(JSON.stringify(value).slice(1, -1));
}
