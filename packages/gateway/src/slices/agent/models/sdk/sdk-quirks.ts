/** What differs between providers that speak the same wire format. */
import { createHash } from "node:crypto";
import type { Provider } from "../providers/providers.ts";

export interface Quirks {
  /** The id of a call as the provider takes it; the same for the same id. */
  callId(id: string): string;
  /** Whether an answer to a call may hold pictures. */
  readonly takesPicturesInReplies: boolean;
  /** Whether the model's plain reasoning is sent back to it while it calls tools; others refuse a request that has it. */
  readonly wantsReasoning: boolean;
}

/** Hosts of models that lose their thread without their own reasoning, by their documentation. */
const REASONING_HOSTS = /(?:^|\.)(?:deepseek\.com|moonshot\.(?:ai|cn)|openrouter\.ai|z\.ai|bigmodel\.cn|minimax\.io)$/;
const MISTRAL_HOST = /(?:^|\.)mistral\.ai$/;

/** The quirks of a provider. */
export function quirksOf({ api, baseUrl }: Provider): Quirks {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : "";
  return {
    callId: MISTRAL_HOST.test(host) ? nineCharacters : plainId,
    takesPicturesInReplies: api !== "openai-compatible",
    wantsReasoning: api === "openai-compatible" && REASONING_HOSTS.test(host),
  };
}

/** Most take up to 40 letters, digits, "_" and "-"; ids of other providers have more. */
function plainId(id: string): string {
  return /^[\w-]{1,40}$/.test(id) ? id : `call_${digest(id, 24)}`;
}

/** Mistral takes nothing but nine letters and digits. */
function nineCharacters(id: string): string {
  return /^[A-Za-z0-9]{9}$/.test(id) ? id : digest(id, 9);
}

function digest(id: string, chars: number): string {
  return createHash("sha256").update(id).digest("hex").slice(0, chars);
}
