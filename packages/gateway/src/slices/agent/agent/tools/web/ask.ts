/** Requests of tools to the web: guarded, and with a sentence for the model when something fails. */
import { GatewayError, messageOf } from "../../../../../base/errors.ts";
import type { Fetched } from "../../../../../base/net/safe-fetch.ts";
import { tools as toolSettings } from "../../settings.ts";
import type { Gateway } from "../../slice.ts";

const MAX_BYTES = 5 * 1024 * 1024;

/** Requests an address; the body has not been read. Throws `UNAVAILABLE`, or the signal's reason. */
export async function askWeb(url: string, { clock, config }: Gateway, signal: AbortSignal): Promise<Fetched> {
  const { safeFetch } = await import("../../../../../base/net/safe-fetch.ts");
  const { allowPrivateHosts } = config.of(toolSettings).current.web ?? {};
  const answer = await safeFetch(url, {
    ...{ clock, signal, allowPrivateHosts },
    maxBytes: MAX_BYTES,
    headers: { accept: "text/html, text/markdown, application/json, text/*;q=0.9, */*;q=0.5" },
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unfetched(error);
  });
  if (answer.status >= 200 && answer.status < 300) return answer;
  answer[Symbol.dispose]();
  throw new GatewayError("UNAVAILABLE", `${answer.url.host} answered ${answer.status}`);
}

/** The whole body. Throws `UNAVAILABLE` when it is too large or breaks off. */
export async function bytesOf(answer: Fetched): Promise<Buffer> {
  try {
    return await answer.bytes();
  } catch (error) {
    throw unfetched(error);
  }
}

function unfetched(error: unknown): GatewayError {
  return new GatewayError("UNAVAILABLE", `the address cannot be fetched: ${messageOf(error)}`, { cause: error });
}
