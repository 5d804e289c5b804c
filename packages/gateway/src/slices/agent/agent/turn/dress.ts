/** What a conversation's settings add to a reply as people get it; the transcript has the reply as the model gave it. */
import type { UsageTotals } from "../../usage/schema.ts";
import { moneyText, tokensText } from "../../usage/usage.ts";

export interface Dress {
  /** How the model came to its answer, where the conversation shows it and the place has no other way to. */
  readonly reasoning: string | undefined;
  readonly usageLevel: string | undefined;
  readonly usage: UsageTotals | undefined;
  /** `provider/model` that answered. */
  readonly model: string | undefined;
}

/** Longer reasoning is cut: a channel would send it in many messages. */
const MAX_REASONING_CHARS = 3_000;
/** Words by which a model says that there is nothing to tell; nothing may stand beside them. */
const SILENT = /^\s*(NO_REPLY|HEARTBEAT_OK)\s*$/;

/** The reply with its reasoning quoted above it and a line of usage below. */
export function dressed(text: string, { reasoning = "", usageLevel = "off", usage, model }: Dress): string {
  if (text === "" || SILENT.test(text)) return text;
  const above = reasoning.trim() === "" ? [] : [quoted(reasoning.trim())];
  const below =
    usageLevel === "off" || !usage ? [] : [`_${usageLine(usage, usageLevel === "full" ? model : undefined)}_`];
  return [...above, text, ...below].join("\n\n");
}

function quoted(reasoning: string): string {
  const isLong = reasoning.length > MAX_REASONING_CHARS;
  const shown = isLong ? `${reasoning.slice(0, MAX_REASONING_CHARS).toWellFormed()}…` : reasoning;
  return shown
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}

/** "1.2k in, 340 out"; with a model also what was cached, the price and the model. */
function usageLine({ input, cacheRead, cacheWrite, output, ...cost }: UsageTotals, model: string | undefined): string {
  const cached = model !== undefined && cacheRead > 0 ? ` (${tokensText(cacheRead)} cached)` : "";
  const tokens = `${tokensText(input + cacheRead + cacheWrite)} in${cached}, ${tokensText(output)} out`;
  if (model === undefined) return tokens;
  return [tokens, cost.missingCostEntries > 0 ? "price unknown" : moneyText(cost.totalCost), model].join(" · ");
}
