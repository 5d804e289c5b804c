/** What a provider's answers and broken connections mean: each becomes a `ModelError` in words that say what to do. */
import { codeOf, messageOf } from "../../base/errors.ts";
import { ModelError } from "./model-error.ts";

/** Whom an error is about: what its message has to name. */
export interface ErrorSubject {
  readonly id: string;
  readonly label: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** The environment variable that holds this provider's key, where there is a usual one. */
  readonly keyEnv?: string | undefined;
}

/** The error for a response that is not 2xx. Reads at most the first 64 KB of the body. */
export async function errorOfResponse(
  response: Response,
  provider: ErrorSubject,
  modelId: string,
): Promise<ModelError> {
  const { status } = response;
  const said = saidBy(await readStart(response), provider);
  const { label } = provider;
  if (status === 401 || status === 403)
    return new ModelError("logged-out", `${label} rejected the API key; ${setKey(provider)}.`);
  if (status === 402)
    return new ModelError(
      "permanent",
      `${label} says that the account has no credit left${said}; top it up or use /model.`,
    );
  if (status === 404) {
    return new ModelError(
      "permanent",
      `${label} has no model "${modelId}"${said}; choose another with /model or agents.defaults.model.`,
    );
  }
  if (status === 429) {
    const retryAfterMs = retryAfterOf(response.headers);
    const when = retryAfterMs === undefined ? "in a minute" : `in ${Math.ceil(retryAfterMs / 1000)} s`;
    return new ModelError("rate-limited", `${label} accepts no more requests for now${said}; try again ${when}.`, {
      retryAfterMs,
    });
  }
  if (status === 408 || status === 409 || status >= 500) {
    const retryAfterMs = retryAfterOf(response.headers);
    return new ModelError("temporary", `${label} is out of order (HTTP ${status})${said}; try again in a moment.`, {
      retryAfterMs,
    });
  }
  if (status >= 300 && status < 400) {
    return new ModelError(
      "permanent",
      `${label} redirects elsewhere (HTTP ${status}); correct ${baseUrlSetting(provider)}.`,
    );
  }
  return new ModelError("permanent", `${label} refused the request (HTTP ${status})${said}.`);
}

/** The error for a request that got no response, or whose response broke off. */
export function errorOfConnection(error: unknown, provider: ErrorSubject): ModelError {
  if (error instanceof ModelError) return error;
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  const code = codeOf(inner) ?? messageOf(inner);
  const { label, baseUrl } = provider;
  if (
    code === "ECONNREFUSED" ||
    code === "ENOTFOUND" ||
    code === "EAI_AGAIN" ||
    code === "EHOSTUNREACH" ||
    code === "ENETUNREACH"
  ) {
    return new ModelError(
      "temporary",
      `${label} does not answer at ${baseUrl} (${code}); check that it runs and that the network is up.`,
      {
        cause: error,
      },
    );
  }
  if (/CERT|TLS|SSL/.test(code)) {
    return new ModelError("permanent", `${label} at ${baseUrl} has a certificate that is not trusted (${code}).`, {
      cause: error,
    });
  }
  return new ModelError("temporary", `The connection to ${label} broke off (${oneLine(code)}); try again.`, {
    cause: error,
  });
}

/** The error that a provider sent inside its stream. */
export function errorInStream(error: unknown, provider: ErrorSubject): ModelError {
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  const text = textOf(error);
  const kind = /rate.?limit|too many requests/i.test(text)
    ? "rate-limited"
    : /overload|unavailable|server_error|api_error|timeout|internal/i.test(text)
      ? "temporary"
      : "permanent";
  return new ModelError(kind, `${provider.label} broke the answer off${saidBy(text, provider)}; try again.`, {
    cause: error,
  });
}

function setKey({ id, keyEnv }: ErrorSubject): string {
  return keyEnv ? `set ${keyEnv} or models.providers.${id}.apiKey` : `set models.providers.${id}.apiKey`;
}

function baseUrlSetting({ id }: ErrorSubject): string {
  return `models.providers.${id}.baseUrl`;
}

/** Errors of `fetch` and of the SDK carry the one that says something as their cause. */
function innermost(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++) {
    if (inner instanceof ModelError) return inner;
    inner = inner.cause;
  }
  return inner;
}

/** Milliseconds from `retry-after-ms` or `retry-after` (seconds, or a date), or undefined. */
function retryAfterOf(headers: Headers): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const now = Date.parse(headers.get("date") ?? "");
  const at = Date.parse(value);
  return Number.isFinite(at - now) ? Math.max(0, at - now) : undefined;
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < 65_536) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text;
}

/** What the provider itself said, as a clause for the sentence; "" when it said nothing readable. */
function saidBy(body: string, { apiKey }: ErrorSubject): string {
  const text = oneLine(sentenceIn(body));
  if (text === "") return "";
  const clean = apiKey ? text.replaceAll(apiKey, "[key]") : text;
  return ` (“${clean.replace(/[.\s]+$/, "")}”)`;
}

function sentenceIn(body: string): string {
  try {
    return textOf(JSON.parse(body));
  } catch {
    return /^\s*</.test(body) ? "" : body;
  }
}

/** The message inside the shapes in which providers wrap it. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  if (Array.isArray(value)) return textOf(value[0]);
  const { message, error, detail } = value as { message?: unknown; error?: unknown; detail?: unknown };
  return [message, error, detail].map(textOf).find((text) => text !== "") ?? "";
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
