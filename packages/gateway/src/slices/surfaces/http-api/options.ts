/** Options that both APIs have, and what they mean to an agent. */

import { isRecord } from "../../../base/config/config.ts";
import type { Thinking } from "../../agent/models/port.ts";
import { refused } from "./exchange.ts";

const LEVELS: readonly string[] = ["off", "minimal", "low", "medium", "high", "xhigh"];

/** The thinking level of an effort. Throws a 400 for an unknown word. */
export function thinkingOf(effort: unknown): Thinking | undefined {
  if (effort === undefined || effort === null) return undefined;
  const level = effort === "none" ? "off" : effort;
  if (typeof level === "string" && LEVELS.includes(level)) return level as Thinking;
  throw refused(400, `The reasoning effort must be one of none, ${LEVELS.slice(1).join(", ")}.`);
}

/** The options that are read here, and what each is made of; null means left out. */
const FORMS: Readonly<Record<string, "string" | "boolean">> = {
  ...{ model: "string", user: "string", instructions: "string", previous_response_id: "string" },
  stream: "boolean",
};

/** Refuses an option of another form: to read past it would do something else than the caller asked for. Throws a 400. */
export function requireForms(body: Readonly<Record<string, unknown>>): void {
  for (const [param, form] of Object.entries(FORMS)) {
    const given = body[param] ?? undefined;
    if (given !== undefined && typeof given !== form)
      throw refused(400, `\`${param}\` must be a ${form}.`, { param, code: "invalid_type" });
  }
}

/**
 * Refuses what an agent cannot do. Agents use the gateway's tools; they cannot call the caller's, nor promise an output
 * format. Throws a 400 for both.
 */
export function requireOwnTools(body: Readonly<Record<string, unknown>>): void {
  const { tools, functions, tool_choice: choice } = body;
  const hasTools = [tools, functions].some((list) => Array.isArray(list) && list.length > 0);
  if (hasTools && choice !== "none") {
    throw refused(400, "Agents use the tools of their gateway, not the caller's; leave `tools` out.", {
      param: "tools",
    });
  }
  const format = isRecord(body.text) ? body.text.format : body.response_format;
  if (isRecord(format) && format.type !== "text") {
    throw refused(400, "Agents answer in text; ask for JSON in the message and leave `response_format` out.", {
      param: "response_format",
    });
  }
}
