/** Who may see the canvas: programs and people on this machine, and whoever holds a capability (security: files). */
import type { IncomingMessage } from "node:http";
import type { Host } from "../../../../kit/host.ts";
import type { Capabilities, Capability } from "./capabilities.ts";
import type { Asked } from "./paths.ts";

export type Verdict =
  | { readonly kind: "granted"; readonly capability: Capability | undefined }
  | { readonly kind: "unauthorized" }
  /** A page of another site asks, on this machine. */
  | { readonly kind: "foreign" };

interface Judges {
  readonly host: Pick<Host, "sourceOf">;
  readonly capabilities: Capabilities;
}

/**
 * Judges a request. One that names a capability stands and falls with it. Without one, only direct callers on this machine
 * are let in; the browser's pages of other sites are not, except that a person may follow a link.
 */
export function judge(request: IncomingMessage, asked: Asked, { host, capabilities }: Judges): Verdict {
  const token = asked.token ?? tokenInQuery(request);
  if (token !== undefined) {
    const capability = capabilities.use(token);
    return capability ? { kind: "granted", capability } : { kind: "unauthorized" };
  }
  if (!host.sourceOf(request).isLocal) return { kind: "unauthorized" };
  return isForeign(request) ? { kind: "foreign" } : { kind: "granted", capability: undefined };
}

/** Whether an upgrade without a capability comes from a page that is not the canvas's own. */
export function isForeignSocket({ headers }: IncomingMessage, { isReload }: { readonly isReload: boolean }): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  // A page in a sandbox has no origin. It may hear that files changed, and nothing of what is shown.
  if (origin === "null") return !isReload;
  return origin !== `http://${host}` && origin !== `https://${host}`;
}

/** Older clients put it in the query. */
function tokenInQuery({ url = "" }: IncomingMessage): string | undefined {
  const query = url.split("?", 2)[1];
  return query === undefined ? undefined : (new URLSearchParams(query).get("oc_cap") ?? undefined);
}

function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  const isOthers = site === "cross-site" || site === "same-site";
  return isOthers && headers["sec-fetch-mode"] !== "navigate";
}
