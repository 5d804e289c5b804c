/** What a provider's answers and broken connections mean: each becomes a `ModelError` in words that say what to do. */
import { codeOf, messageOf, NEVER_REACHED } from "../../base/errors.ts";
import { shownAddress } from "../../kit/sound.ts";
import { ModelError } from "./model-error.ts";
import { clauseOf, messageIn, readStart, retryAfterOf } from "./said.ts";
import { wordingOf } from "./wordings.ts";

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
  const { status, headers } = response;
  const body = await readStart(response);
  const { label } = provider;
  const said = clauseOf(body, provider.apiKey);
  const worded = errorOfWords(body, said, provider, modelId);
  if (worded && status !== 401) return worded;
  const isForbidden = status === 403 && !/moderation|flagged|country|region|location/i.test(body);
  if (status === 401 || isForbidden) return badKey(provider);
  if (status === 402) return noCredit(provider, said);
  if (status === 404 || status === 410) return noModel(provider, modelId, said);
  if (status === 429) {
    const retryAfterMs = retryAfterOf(headers, body);
    const when = retryAfterMs === undefined ? "in a minute" : `in ${Math.ceil(retryAfterMs / 1000)} s`;
    return new ModelError("rate-limited", `${label} accepts no more requests for now${said}; try again ${when}.`, {
      retryAfterMs,
      ownersOnly: [said],
    });
  }
  if (status === 413) return tooLong(provider, modelId, said);
  if (status === 408 || status === 409 || status >= 500) {
    const retryAfterMs = retryAfterOf(headers, body);
    return new ModelError("temporary", `${label} is out of order (HTTP ${status})${said}; try again in a moment.`, {
      retryAfterMs,
      ownersOnly: [said],
    });
  }
  if (status >= 300 && status < 400) {
    const setting = `models.providers.${provider.id}.baseUrl`;
    return new ModelError("permanent", `${label} redirects elsewhere (HTTP ${status}); correct ${setting}.`);
  }
  return new ModelError("permanent", `${label} refused the request (HTTP ${status})${said}.`, {
    ownersOnly: [said],
  });
}

/** The error for a request that got no response, or whose response broke off. */
export function errorOfConnection(error: unknown, { label, baseUrl }: ErrorSubject): ModelError {
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  const code = codeOf(inner) ?? "";
  const at = ` at ${shownAddress(baseUrl)}`;
  const options = { cause: error, ownersOnly: [at] };
  if (NEVER_REACHED.has(code))
    return new ModelError(
      "temporary",
      `${label} does not answer${at} (${code}); check that it runs and that the network is up.`,
      options,
    );
  if (/CERT|TLS|SSL|SIGNATURE/.test(code))
    return new ModelError("permanent", `${label}${at} has a certificate that is not trusted (${code}).`, options);
  return new ModelError("temporary", `The connection to ${label} broke off: ${messageOf(error)}. Try again.`, options);
}

/** The error that a provider sent inside its stream. */
export function errorInStream(error: unknown, provider: ErrorSubject, modelId: string): ModelError {
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  const text = messageIn(error);
  const said = clauseOf(text, provider.apiKey);
  const worded = errorOfWords(`${text} ${codeIn(error)}`, said, provider, modelId);
  if (worded) return worded;
  const kind = /rate.?limit|too many requests/i.test(text)
    ? "rate-limited"
    : /overload|unavailable|server_error|api_error|timeout|internal/i.test(text)
      ? "temporary"
      : "permanent";
  return new ModelError(kind, `${provider.label} broke the answer off${said}; try again.`, {
    cause: error,
    ownersOnly: [said],
  });
}

/** The error that the provider's words mean; undefined when they are none that we know. */
function errorOfWords(body: string, said: string, provider: ErrorSubject, modelId: string): ModelError | undefined {
  switch (wordingOf(body)) {
    case "too-long":
      return tooLong(provider, modelId, said);
    case "bad-key":
      return badKey(provider);
    case "no-credit":
      return noCredit(provider, said);
    case "no-model":
      return noModel(provider, modelId, said);
    case "no-tools":
      return noTools(provider, modelId, said);
    case undefined:
      return undefined;
  }
}

function tooLong({ label }: ErrorSubject, modelId: string, said: string): ModelError {
  return new ModelError(
    "too-long",
    `The conversation is longer than ${modelId} of ${label} can take${said}; /compact shortens it, /new begins anew.`,
    { ownersOnly: [said] },
  );
}

function badKey({ id, label, keyEnv }: ErrorSubject): ModelError {
  const setting = `models.providers.${id}.apiKey`;
  return new ModelError(
    "logged-out",
    `${label} rejected the API key; set ${keyEnv ? `${keyEnv} or ${setting}` : setting}.`,
  );
}

function noCredit({ label }: ErrorSubject, said: string): ModelError {
  return new ModelError(
    "no-credit",
    `${label} says that the account has no credit left${said}; top it up or use /model.`,
    { ownersOnly: [said] },
  );
}

function noModel({ label }: ErrorSubject, modelId: string, said: string): ModelError {
  return new ModelError(
    "no-model",
    `${label} has no model "${modelId}"${said}; choose another with /model or agents.defaults.model.`,
    { ownersOnly: [said] },
  );
}

function noTools({ id, label }: ErrorSubject, modelId: string, said: string): ModelError {
  return new ModelError(
    "permanent",
    `${modelId} of ${label} cannot call tools${said}; choose another with /model, or list it under ` +
      `models.providers.${id}.models with tools: false to talk to it without them.`,
    { ownersOnly: [said] },
  );
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

/** The code of an error in a stream, wherever the SDK has put it. */
function codeIn(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, type, error: inner } = error as { code?: unknown; type?: unknown; error?: unknown };
  return [code, type].filter((each) => typeof each === "string").join(" ") + (inner ? ` ${codeIn(inner)}` : "");
}
