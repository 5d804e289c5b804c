/** The search providers. Each is a value: what it needs, its request, and how its answer is read. */

/** One result. */
export interface SearchHit {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
  /** The date of publication in the provider's form. */
  readonly date?: string | undefined;
}

/** One request to a provider. */
export interface SearchRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface SearchProvider {
  readonly id: "brave" | "tavily" | "exa" | "serper" | "searxng";
  readonly label: string;
  /** The usual environment variable of its key; without one it needs no key, but an address of yours. */
  readonly keyEnv?: string;
  readonly urlEnv?: string;
  readonly baseUrl?: string;
  request(query: string, options: { readonly count: number; readonly apiKey: string }): SearchRequest;
  /** The hits in the provider's answer; missing fields are left out. */
  read(answer: unknown): SearchHit[];
}

/** The order in which one is chosen when several have a key. */
export const SEARCH_PROVIDERS: readonly SearchProvider[] = [
  {
    id: "brave",
    label: "Brave Search",
    keyEnv: "BRAVE_API_KEY",
    baseUrl: "https://api.search.brave.com",
    request: (query, { count, apiKey }) => ({
      path: `/res/v1/web/search?${new URLSearchParams({ q: query, count: String(count) })}`,
      headers: { "x-subscription-token": apiKey },
    }),
    read: (answer) =>
      hits((answer as { web?: { results?: unknown } } | null)?.web?.results, {
        url: "url",
        snippet: "description",
        date: "age",
      }),
  },
  {
    id: "tavily",
    label: "Tavily",
    keyEnv: "TAVILY_API_KEY",
    baseUrl: "https://api.tavily.com",
    request: (query, { count, apiKey }) => ({
      path: "/search",
      headers: { authorization: `Bearer ${apiKey}` },
      body: { query, max_results: count },
    }),
    read: (answer) => hits(resultsOf(answer), { url: "url", snippet: "content", date: "published_date" }),
  },
  {
    id: "exa",
    label: "Exa",
    keyEnv: "EXA_API_KEY",
    baseUrl: "https://api.exa.ai",
    request: (query, { count, apiKey }) => ({
      path: "/search",
      headers: { "x-api-key": apiKey },
      body: { query, numResults: count, contents: { text: { maxCharacters: 500 } } },
    }),
    read: (answer) => hits(resultsOf(answer), { url: "url", snippet: "text", date: "publishedDate" }),
  },
  {
    id: "serper",
    label: "Serper",
    keyEnv: "SERPER_API_KEY",
    baseUrl: "https://google.serper.dev",
    request: (query, { count, apiKey }) => ({
      path: "/search",
      headers: { "x-api-key": apiKey },
      body: { q: query, num: count },
    }),
    read: (answer) =>
      hits((answer as { organic?: unknown } | null)?.organic, { url: "link", snippet: "snippet", date: "date" }),
  },
  {
    id: "searxng",
    label: "SearXNG",
    urlEnv: "SEARXNG_URL",
    request: (query) => ({ path: `/search?${new URLSearchParams({ q: query, format: "json" })}` }),
    read: (answer) => hits(resultsOf(answer), { url: "url", snippet: "content", date: "publishedDate" }),
  },
];

function resultsOf(answer: unknown): unknown {
  return (answer as { results?: unknown } | null)?.results;
}

function hits(rows: unknown, names: { url: string; snippet: string; date: string }): SearchHit[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: Readonly<Record<string, unknown>> | null) => {
    const url = textOf(row?.[names.url]);
    if (!/^https?:\/\//.test(url)) return [];
    const date = textOf(row?.[names.date]);
    return [
      {
        title: textOf(row?.title) || url,
        url,
        snippet: textOf(row?.[names.snippet]),
        date: date === "" ? undefined : date,
      },
    ];
  });
}

/** A text as one line, without the tags with which some providers mark the found words. */
function textOf(value: unknown): string {
  if (typeof value !== "string") return "";
  return value
    .replace(/<\/?(?:strong|b|em|mark)>/gi, "")
    .replace(/\s+/g, " ")
    .trim();
}
