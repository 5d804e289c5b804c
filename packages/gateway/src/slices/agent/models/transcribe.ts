/** Asks a provider what a recording says: OpenAI's transcriptions, which many others speak too. */

import { ignore } from "../../../base/errors.ts";
import { ModelError } from "./model-error.ts";
import { errorOfConnection, errorOfResponse } from "./providers/provider-errors.ts";
import type { Model } from "./providers/providers.ts";
import { requireSound } from "./sdk/language-models.ts";

/** A recording to be written down. */
export interface Recording {
  readonly data: Uint8Array;
  /** The name with its ending, which providers use. */
  readonly fileName: string;
  readonly mimeType: string;
  /** As "de"; found out by the model by default. */
  readonly language?: string | undefined;
}

/** What OpenAI takes at once, bytes (platform documentation: speech to text). */
const MAX_BYTES = 25_000_000;
/** More is no transcript. */
const MAX_ANSWER_CHARS = 500_000;

/** The words of a recording; "" when nobody speaks. Throws `ModelError`, or the signal's reason. */
export async function transcribe({ id, provider }: Model, recording: Recording, signal: AbortSignal): Promise<string> {
  const { api, label, baseUrl, apiKey, headers } = provider;
  requireSound(provider);
  const { data, fileName, mimeType, language } = recording;
  if (api === "anthropic" || api === "google")
    throw new ModelError("permanent", `${label} has no transcriptions; name a model of another provider.`);
  if (data.byteLength > MAX_BYTES)
    throw new ModelError(
      "permanent",
      `the recording is larger than ${MAX_BYTES / 1e6} MB, which is all ${label} takes`,
    );
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(data)], { type: mimeType }), fileName.replace(/\.(opus|oga)$/, ".ogg"));
  form.set("model", id);
  form.set("response_format", "json");
  if (language !== undefined) form.set("language", language);
  const authorization = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  let response: Response;
  try {
    response = await fetch(`${baseUrl}/audio/transcriptions`, {
      method: "POST",
      headers: { ...authorization, ...headers },
      body: form,
      redirect: "manual",
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw errorOfConnection(error, provider);
  }
  if (!response.ok) throw await errorOfResponse(response, provider, id);
  return wordsIn(await bodyOf(response), label);
}

/** The body as far as it may go. */
async function bodyOf({ body }: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_CHARS) break;
  }
  return text;
}

function wordsIn(body: string, label: string): string {
  try {
    const { text } = JSON.parse(body) as { text?: unknown };
    if (typeof text === "string") return text.trim();
  } catch (error) {
    ignore(error, "an answer that is no JSON is no transcript; the error below says so");
  }
  throw new ModelError("permanent", `${label} answered with something that is no transcript.`);
}
