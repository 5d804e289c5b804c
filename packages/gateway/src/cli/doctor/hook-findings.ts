/** What `moltbot doctor` says of hooks: nothing while they are off. */
import type { HooksListResult } from "@moltbot/protocol";
import type { Finding } from "./finding.ts";

/** Hooks that are on and cannot be used, with the reason. */
export function hookFindings({ enabled, problem, hooks }: HooksListResult): Finding[] {
  const subject = "hooks";
  if (!enabled) return [];
  if (problem !== undefined) return [{ level: "fail", subject, says: `They stay off: ${problem}` }];
  const broken = hooks.flatMap((hook) => (hook.problem === undefined ? [] : [`${hook.id}: ${hook.problem}`]));
  const usable = hooks.length - broken.length;
  const fix = "`moltbot hooks list` shows all; see docs/hooks.md";
  if (usable === 0)
    return [{ level: "fail", subject, says: `None can be called: ${broken[0] ?? "there are none"}`, fix }];
  return [
    { level: "ok", subject, says: `${usable} can be called` },
    ...broken.map((says): Finding => ({ level: "warn", subject, says, fix })),
  ];
}
