/** `browser.proxy`: a browser of this machine, steered by requests with a path, as a small web service takes them. */
import { isRecord } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { ignore } from "../../../base/errors.ts";
import type { Invoke, NodeCommand } from "../command.ts";
import { badParams, NodeFailure } from "../failure.ts";
import { type Params, positive, text } from "../params.ts";
import { type BrowserOptions, ControlledBrowser } from "./controlled-browser.ts";
import { type AnswerFile, Pages, refusal } from "./pages.ts";

/** Source: the node host of January 2026, ms. */
const TIMEOUT_MS = 20_000;
const PROFILE = "moltbot";
const LATE =
  "TIMEOUT: the browser did not do it in time; give a larger timeoutMs, or close a tab that hangs with DELETE /tabs/TARGETID";
/** Names by which callers of other brands ask for the browser's own profile. */
const PROFILES: ReadonlySet<string> = new Set([PROFILE, "clawd", "openclaw"]);

interface Answer {
  readonly result: object;
  readonly files?: readonly AnswerFile[];
}

type Route = (params: Params, signal: AbortSignal) => Promise<object>;

export function browserProxy(options: BrowserOptions): NodeCommand {
  const browser = new ControlledBrowser(options);
  const pages = new Pages(browser);
  const routes = routesOf(browser, pages);
  return {
    name: "browser.proxy",
    cap: "browser",
    async run(invoke) {
      const { signal, limit } = limited(invoke);
      try {
        return await answer(invoke.params, { pages, routes, signal });
      } catch (error) {
        if (!limit.aborted) throw error;
        ignore(error, "the time is up, which says more");
        throw new NodeFailure("UNAVAILABLE", LATE);
      }
    },
  };
}

async function answer(
  params: Params,
  { pages, routes, signal }: { pages: Pages; routes: Readonly<Record<string, Route>>; signal: AbortSignal },
): Promise<Answer> {
  const profile = text(params, "profile") ?? PROFILE;
  if (!PROFILES.has(profile)) throw refusal(404, `there is no profile of that name; this browser has ${PROFILE}`);
  const method = (text(params, "method") ?? "GET").toUpperCase();
  const path = (text(params, "path") ?? "").replace(/(?<=.)\/+$/, "");
  if (!path.startsWith("/")) throw badParams("path required, such as /tabs");
  const given = { ...recordOf(params, "query"), ...recordOf(params, "body") };
  const tab = /^\/tabs\/([\w-]{1,64})$/.exec(path)?.[1];
  if (method === "DELETE" && tab !== undefined) return { result: await pages.close(tab, signal) };
  if (`${method} ${path}` === "POST /screenshot") return await pages.screenshot(given, signal);
  const route = Object.hasOwn(routes, `${method} ${path}`) ? routes[`${method} ${path}`] : undefined;
  if (!route) throw refusal(404, `there is nothing at that path; there are ${Object.keys(routes).join(", ")}`);
  return { result: await route(given, signal) };
}

function routesOf(browser: ControlledBrowser, pages: Pages): Readonly<Record<string, Route>> {
  const profile = PROFILE;
  return {
    "GET /": async (_params, signal) => ({
      ...{ enabled: true, profile, running: browser.isRunning, tabs: (await browser.tabs(signal)).length },
    }),
    "GET /profiles": async (_params, signal) => ({
      profiles: [
        { name: profile, running: browser.isRunning, tabCount: (await browser.tabs(signal)).length, isDefault: true },
      ],
    }),
    "POST /start": async (_params, signal) => {
      await browser.start(signal);
      return { ok: true, profile };
    },
    "POST /stop": async () => ({ ok: true, stopped: await browser.stop(), profile }),
    "GET /tabs": async (_params, signal) => ({ running: browser.isRunning, tabs: await browser.tabs(signal) }),
    "POST /tabs/open": async (params, signal) => await pages.open(params, signal),
    "POST /tabs/focus": async (params, signal) => await pages.focus(params, signal),
    "POST /navigate": async (params, signal) => await pages.navigate(params, signal),
    "GET /snapshot": async (params, signal) => await pages.snapshot(params, signal),
    "POST /screenshot": async (params, signal) => await pages.screenshot(params, signal),
    "POST /act": async (params, signal) => await pages.act(params, signal),
  };
}

/** The call's own time, the gateway's, and its end by the caller, in one signal. */
function limited({ params, leftMs, signal }: Invoke): { signal: AbortSignal; limit: AbortSignal } {
  const limit = AbortSignal.timeout(Math.min(positive(params, "timeoutMs") ?? TIMEOUT_MS, leftMs ?? 2 ** 31 - 1));
  return { signal: AbortSignal.any([signal, limit]), limit };
}

/** `query` comes as texts and `body` as values; both are taken as params. */
function recordOf(params: Params, name: "query" | "body"): Params {
  const value = params[name];
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw badParams(`${name} must be an object`);
  return defined(value);
}
