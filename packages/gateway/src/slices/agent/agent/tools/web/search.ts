/** `web_search`: asks the configured search provider; the tool exists only when there is one. */
import { Type } from "@sinclair/typebox";
import { GatewayError, messageOf, TellableError } from "../../../../../base/errors.ts";
import type { Env } from "../../../../../base/files.ts";
import { hostAndPort } from "../../../../../base/net/host-and-port.ts";
import { addressProblem, keyProblem } from "../../../../../kit/schema/keys-and-addresses.ts";
import { tools as toolSettings, type WebSettings } from "../../settings.ts";
import { defineTool, type Gateway } from "../../slice.ts";
import { fromOutside } from "../outside.ts";
import { SEARCH_PROVIDERS, type SearchProvider } from "./search-providers.ts";

const USUAL_RESULTS = 5;
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const LIMIT_MS = 20_000;
const MAX_SNIPPET_CHARS = 600;

/** A provider with all that it needs. */
interface Ready {
  readonly provider: SearchProvider;
  readonly apiKey: string;
  readonly baseUrl: string;
}

export const webSearch = defineTool({
  name: "web_search",
  summary: "Searches the web: titles, addresses and a few words of each result. Read a result with web_fetch.",
  audience: "trusted",
  changes: false,
  timeoutMs: 30_000,
  missing: (gateway) => {
    const found = readyProvider(settingsOf(gateway), gateway.env);
    return typeof found === "string" ? found : undefined;
  },
  params: {
    query: Type.String({ minLength: 1, maxLength: 400 }),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: "How many results." })),
  },
  async run({ params: { query, count }, gateway, signal }) {
    const settings = settingsOf(gateway);
    const ready = readyProvider(settings, gateway.env);
    if (typeof ready === "string") throw new GatewayError("UNAVAILABLE", ready);
    const most = settings.maxResults ?? USUAL_RESULTS;
    const wanted = count ?? most;
    const hits = ready.provider.read(await ask(ready, { query, count: wanted }, gateway, signal)).slice(0, wanted);
    if (hits.length === 0) return `${ready.provider.label} found nothing.`;
    const lines = hits.map(({ title, url, snippet, date }, index) =>
      [
        `${index + 1}. ${title.slice(0, 300)}${date ? ` (${date.slice(0, 40)})` : ""}`,
        url,
        snippet.slice(0, MAX_SNIPPET_CHARS),
      ]
        .filter((line) => line !== "")
        .join("\n   "),
    );
    return fromOutside(`what ${ready.provider.label} found`, lines.join("\n"));
  },
});

type SearchSettings = NonNullable<WebSettings["search"]>;

function settingsOf({ config }: Gateway): SearchSettings {
  return config.of(toolSettings).current.web?.search ?? {};
}

/** The provider to use, or a sentence that says which setting is missing. */
function readyProvider(settings: SearchSettings, env: Env): Ready | string {
  const { provider: wanted } = settings;
  if (wanted === undefined && settings.apiKey !== undefined)
    return `set tools.web.search.provider to say whose key that is: ${SEARCH_PROVIDERS.map(({ id }) => id).join(", ")}`;
  const found = SEARCH_PROVIDERS.filter(({ id }) => wanted === undefined || id === wanted).flatMap((provider) => {
    const apiKey = (wanted && settings.apiKey) || (provider.keyEnv && env[provider.keyEnv]?.trim()) || "";
    const own = (wanted && settings.baseUrl) || (provider.urlEnv && env[provider.urlEnv]?.trim()) || "";
    const baseUrl = own || provider.baseUrl || "";
    return (provider.keyEnv && apiKey === "") || baseUrl === "" ? [] : [{ provider, apiKey, baseUrl }];
  });
  return found[0] ?? whatToSet(SEARCH_PROVIDERS.find(({ id }) => id === wanted));
}

function whatToSet(provider: SearchProvider | undefined): string {
  if (provider?.keyEnv) return `${provider.label} needs a key; set tools.web.search.apiKey or ${provider.keyEnv}`;
  if (provider) return `${provider.label} needs its address; set tools.web.search.baseUrl or ${provider.urlEnv}`;
  const names = SEARCH_PROVIDERS.map(({ keyEnv, urlEnv }) => keyEnv ?? urlEnv);
  return `no search provider is set up; set ${names.join(", ")}, or tools.web.search`;
}

async function ask(
  { provider, apiKey, baseUrl }: Ready,
  { query, count }: { readonly query: string; readonly count: number },
  { clock }: Gateway,
  signal: AbortSignal,
): Promise<unknown> {
  const { safeFetch } = await import("../../../../../base/net/safe-fetch.ts");
  const { path, headers, body } = provider.request(query, { count, apiKey });
  const base = URL.parse(baseUrl.replace(/\/+$/, ""));
  const address = addressProblem(baseUrl);
  const key = apiKey === "" ? undefined : keyProblem(apiKey);
  const wrong = address ? `its address ${address}` : key && `its key ${key}`;
  if (!base || wrong) throw new GatewayError("UNAVAILABLE", `${provider.label} cannot be asked: ${wrong}`);
  try {
    using answer = await safeFetch(`${base.href.replace(/\/+$/, "")}${path}`, {
      ...{ clock, signal, maxBytes: MAX_ANSWER_BYTES, limitMs: LIMIT_MS },
      // The owner named it.
      allowPrivateHosts: [hostAndPort(base)],
      method: body ? "POST" : "GET",
      headers: { accept: "application/json", ...(body && { "content-type": "application/json" }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.status !== 200) throw new TellableError(problemOf(answer.status, provider));
    return JSON.parse((await answer.bytes()).toString());
  } catch (error) {
    signal.throwIfAborted();
    const problem = error instanceof SyntaxError ? `its answer is not JSON${jsonHint(provider)}` : messageOf(error);
    throw new GatewayError("UNAVAILABLE", `${provider.label} cannot be asked: ${problem}`, { cause: error });
  }
}

function problemOf(status: number, provider: SearchProvider): string {
  if ((status === 401 || status === 403) && provider.keyEnv)
    return `it refuses the key; set tools.web.search.apiKey or ${provider.keyEnv}`;
  if (status === 429) return "it has been asked too often; try again later";
  return `it answered ${status}${status === 403 ? jsonHint(provider) : ""}`;
}

/** SearXNG answers JSON only where its settings allow it. */
function jsonHint({ id }: SearchProvider): string {
  return id === "searxng" ? "; allow the format json in its settings.yml under search.formats" : "";
}
