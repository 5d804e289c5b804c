/** What models took, and the line under each reply that tells it. */
import { type Command, type CommandCall, mayUse, peerOf } from "../../../../kit/command.ts";
import type { UsageTotals } from "../../usage/schema.ts";
import { amounts, moneyText, tokensText } from "../../usage/usage.ts";
import { defineCommand, type Gateway } from "../slice.ts";
import { tellsGroup } from "./builtin.ts";

const LEVELS = ["off", "tokens", "full"];

const usage = defineCommand({
  name: "usage",
  usage: "[off | tokens | full]",
  needs: "operator.read",
  summary: "what models took here and today; or a line of it under each reply",
  choices: () => LEVELS,
  run(call) {
    const level = call.args.trim().toLowerCase();
    if (level === "") return report(call);
    return LEVELS.includes(level) ? choose(call, level) : `\`/usage\` takes ${LEVELS.join(", ")}, or nothing.`;
  },
});

export const usageCommands: readonly Command[] = [usage];

function report({ sessionKey, starter, gateway: { usage, sessions } }: CommandCall<Gateway>): string {
  const session = sessions.get(sessionKey);
  const here = `**This conversation** ${session ? totalsText(usage.session(session.sessionId)) : "nothing yet"}`;
  // What the owner spends is no business of others.
  if (peerOf(starter) !== undefined || tellsGroup({ sessionKey, starter })) return here;
  const budgets = usage.budgets(sessionKey);
  const level = session?.levels.responseUsage ?? "off";
  return [
    here,
    `**Today, everything** ${totalsText(usage.today())}`,
    ...budgets.map((budget) => `**Budget** ${amounts(budget)}, ${budget.usedPercent} % (\`${budget.setting}\`)`),
    ...(budgets.length === 0 ? ["**Budget** none; `budgets.daily` in the config sets one"] : []),
    `**Under each reply** ${level === "off" ? "nothing; `/usage tokens` or `/usage full` shows it" : level}`,
  ].join("  \n");
}

function choose({ sessionKey, starter, gateway: { sessions } }: CommandCall<Gateway>, level: string): string {
  if (!mayUse({ needs: "operator.write" }, starter)) return "Changing this needs the operator.write scope.";
  sessions.patch(sessionKey, { responseUsage: level });
  return level === "off" ? "Replies end without a line of usage." : `Each reply ends with its usage now: ${level}.`;
}

function totalsText({ input, cacheRead, cacheWrite, output, totalCost, missingCostEntries }: UsageTotals): string {
  const cached = cacheRead > 0 ? ` (${tokensText(cacheRead)} cached)` : "";
  const known = missingCostEntries === 0 || totalCost > 0 ? moneyText(totalCost) : "";
  const cost = [known, missingCostEntries > 0 ? "of some the price is not known" : ""].filter(Boolean).join("; ");
  return `${tokensText(input + cacheRead + cacheWrite)} tokens in${cached}, ${tokensText(output)} out, ${cost}`;
}
