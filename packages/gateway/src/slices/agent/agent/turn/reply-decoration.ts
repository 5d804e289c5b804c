/** Adds to a reply for people what the conversation's settings ask for; the transcript has the model's reply alone. */
import type { UsageTotals } from "../../usage/schema.ts";
import { moneyText, tokensText } from "../../usage/usage.ts";

export interface ReplyDecoration {
  /** The reasoning, where the conversation shows it and the surface has no other way to. */
  readonly reasoning: string | undefined;
  readonly usageLevel: string | undefined;
  readonly usage: UsageTotals | undefined;
  /** `provider/model` that answered. */
  readonly model: string | undefined;
}

/** The most characters of reasoning; more would be sent in many messages. */
const MAX_REASONING_CHARS = 3_000;
/** The silent tokens; nothing may be added to them. */
const SILENT = /^\s*(NO_REPLY|HEARTBEAT_OK)\s*$/;

/** The reply with its reasoning quoted above it and a line of usage below. */
export function decorateReply(
  text: string,
  { reasoning = "", usageLevel = "off", usage, model }: ReplyDecoration,
): string {
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

/** The usage line: "1.2k in, 340 out"; with a model also the cached tokens, the price and the model. */
function usageLine({ input, cacheRead, cacheWrite, output, ...cost }: UsageTotals, model: string | undefined): string {
  const cached = model !== undefined && cacheRead > 0 ? ` (${tokensText(cacheRead)} cached)` : "";
  const tokens = `${tokensText(input + cacheRead + cacheWrite)} in${cached}, ${tokensText(output)} out`;
  if (model === undefined) return tokens;
  return [tokens, cost.missingCostEntries > 0 ? "price unknown" : moneyText(cost.totalCost), model].join(" · ");
}
