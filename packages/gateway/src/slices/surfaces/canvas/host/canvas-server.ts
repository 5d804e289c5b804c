/** Answers for the canvas, on its own port and on the gateway's: its files, the A2UI page, and the sockets of both. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host, OpenPort } from "../../../../kit/host.ts";
import { decodePath, refuseUpgrade } from "../../../../kit/http.ts";
import type { Upgrade } from "../../../../kit/route.ts";
import type { AgentFolders, Place } from "../files/agent-folders.ts";
import { areServed } from "../files/root.ts";
import type { CanvasHostSettings } from "../settings.ts";
import { isForeignSocket, judge, type Verdict } from "./access.ts";
import { isolationOf, mayWatch, withoutCapability } from "./agent-isolation.ts";
import type { Capabilities } from "./capabilities.ts";
import { HTML, PLAIN_HEADERS, pagePolicy, typeOf } from "./headers.ts";
import { a2uiPage, builtFile, EMPTY_PAGE, isPageFile, NO_PAGE, withScript } from "./pages.ts";
import { type Area, type Asked, type Brand, capabilityPath, readPath } from "./paths.ts";
import { type Sending, sendingFile, sendingOf } from "./sending.ts";
import type { Viewers } from "./viewers.ts";

export interface CanvasServerOptions {
  readonly host: Pick<Host, "sourceOf" | "allowedOrigins">;
  readonly settings: CanvasHostSettings;
  readonly folders: AgentFolders;
  readonly capabilities: Capabilities;
  readonly viewers: Viewers;
  /** The canvas's own port, when it is open. */
  own(): OpenPort | undefined;
  /** The conversation that a page without a name draws. */
  sessionFor(named: string | null): string;
  /** The agent whose conversation it is. */
  agentOf(sessionKey: string): string;
}

/** A request, as far as it has been read. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly asked: Asked;
  /** Whether it is on the canvas's own port, and for what its pages may show with an origin. */
  readonly isOwnPort: boolean;
  readonly verdict: Extract<Verdict, { kind: "granted" }>;
}

export class CanvasServer {
  readonly #options: CanvasServerOptions;

  constructor(options: CanvasServerOptions) {
    this.#options = options;
  }

  /** Answers a request on the canvas's own port, where nothing else is served. */
  onOwnPort(request: IncomingMessage, response: ServerResponse): void {
    const path = decodePath(request.url ?? "/");
    if (path === undefined) return end(plain(response), 400, "Bad Request");
    this.handle(request, response, { path, isOwnPort: true });
  }

  handle(request: IncomingMessage, response: ServerResponse, at: { path: string; isOwnPort: boolean }): void {
    plain(response);
    const asked = readPath(at.path);
    if (asked.target.kind === "none") return end(response, 404, "not found");
    if (request.method !== "GET" && request.method !== "HEAD")
      return end(response.setHeader("Allow", "GET, HEAD"), 405, "Method Not Allowed");
    const verdict = judge(request, asked, this.#options);
    if (verdict.kind === "unauthorized") return end(response, 401, "Unauthorized");
    if (verdict.kind === "foreign") return end(response, 403, "Pages of other sites may not load this.");
    this.#answer({ request, response, asked, isOwnPort: at.isOwnPort, verdict });
  }

  /** Opens a socket on the canvas's own port. */
  onOwnPortUpgrade(request: IncomingMessage, socket: Upgrade["socket"], head: Buffer): void {
    const path = decodePath(request.url ?? "/");
    if (path === undefined) return refuseUpgrade(socket, "400 Bad Request", "Bad Request");
    this.upgrade({ request, socket, head, path });
  }

  /** Opens the socket of a page, on either port. */
  upgrade({ request, socket, head, path }: Upgrade): void {
    const asked = readPath(path);
    const { target } = asked;
    const { viewers, settings } = this.#options;
    const isReload = target.kind === "reload";
    if ((!isReload && target.kind !== "surface") || (isReload && !settings.liveReload))
      return refuseUpgrade(socket, "404 Not Found", "not found");
    const verdict = judge(request, asked, this.#options);
    if (verdict.kind === "unauthorized") return refuseUpgrade(socket, "401 Unauthorized", "Unauthorized");
    const { capability } = verdict.kind === "granted" ? verdict : { capability: undefined };
    // What opens a socket without a capability is a page on this machine, or a program.
    if (!capability && isForeignSocket(request, { isReload }))
      return refuseUpgrade(socket, "403 Forbidden", "Pages of other sites may not listen here.");
    const opening = { request, socket, head, capability };
    if (!isReload) {
      const sessionKey = this.#options.sessionFor(queryOf(request).get("session"));
      if (mayWatch(opening, sessionKey, this.#options)) return viewers.openSurface(opening, sessionKey);
      return refuseUpgrade(socket, "403 Forbidden", "A page of one agent may not watch another's screen.");
    }
    this.#options.folders.of().serving();
    viewers.openReload(opening);
  }

  #answer(visit: Visit): void {
    const { asked, response } = visit;
    const { target } = asked;
    if (target.kind === "none" || (target.kind === "reload" && !this.#options.settings.liveReload))
      return end(response, 404, "not found");
    if (!("rest" in target)) return end(response.setHeader("Upgrade", "websocket"), 426, "upgrade required");
    this.#answerArea(visit, target);
  }

  #answerArea(visit: Visit, target: Area): void {
    if (target.kind === "a2ui" || target.rest === "") {
      // The A2UI page draws any conversation; without an address it could not be told from the default agent's pages.
      const isOwnPort = visit.isOwnPort && !(target.kind === "a2ui" && this.#options.folders.areSeveral);
      if (this.#wantsOwnAddress({ ...visit, isOwnPort })) return this.#redirectToCapability(visit);
      return target.rest === "" ? this.#redirectToFolder(visit) : this.#answerA2ui(visit, target.rest.slice(1));
    }
    const place = this.#options.folders.at(target.rest.slice(1).split("/"));
    const own = { ...visit, isOwnPort: visit.isOwnPort && place.isDefault };
    const wantsOwn = this.#wantsOwnAddress(own);
    const fence = isolationOf(own, { place, wantsOwn, areSeveral: this.#options.folders.areSeveral });
    if (fence === "foreign") return end(visit.response, 403, "Pages of another agent may not load this.");
    if (fence === "bind") return this.#redirectToCapability(own, place.agentId);
    this.#answerFile(own, { brand: target.brand, place });
  }

  /**
   * A browser's page on the gateway's own port, and one of another agent than the default, is shown in a sandbox, from which it
   * reads its own files as a stranger. So it gets an address that lets it in.
   */
  #wantsOwnAddress({ request, isOwnPort, verdict }: Visit): boolean {
    return !isOwnPort && !verdict.capability && request.headers["sec-fetch-mode"] === "navigate";
  }

  /** The new address ends with the one that it is made of. */
  #redirectToCapability({ request, response, asked, verdict }: Visit, agentId?: string): void {
    const holder = verdict.capability?.holder ?? ({ kind: "visit", mayAct: false } as const);
    const token = this.#options.capabilities.narrowed({ ...holder, ...(agentId !== undefined && { agentId }) });
    const [path = "", query] = (request.url ?? "").split("?", 2);
    const rest = path.startsWith(asked.prefix) ? path.slice(asked.prefix.length) : path;
    response.writeHead(302, { Location: `${capabilityPath(token)}${rest}${withoutCapability(query)}` }).end();
  }

  /** Links in a page are relative to its folder. */
  #redirectToFolder({ request, response }: Visit): void {
    const [path, query] = (request.url ?? "").split("?", 2);
    const name = path?.slice(path.lastIndexOf("/") + 1);
    response.writeHead(302, { Location: `${name}/${query === undefined ? "" : `?${query}`}` }).end();
  }

  #answerA2ui(visit: Visit, name: string): void {
    const { response, request } = visit;
    const file = name === "" ? "index.html" : name;
    if (!isPageFile(file)) return end(response, 404, "not found");
    const body = builtFile(file);
    if (!body) return end(response, 503, "The A2UI page has not been built; run `npm run build`.");
    const isPage = file === "index.html";
    const shown = isPage ? a2uiPage(body, queryOf(request).get("platform")) : body;
    this.#send(visit, sendingOf(shown), { type: typeOf(file), isInline: false });
  }

  #answerFile(visit: Visit, { brand, place }: { brand: Brand; place: Place }): void {
    const { response, asked } = visit;
    const { root } = place.files;
    const problem = place.files.serving();
    if (problem !== undefined) return end(response, 503, `The canvas is not served: ${problem}.`);
    const names = [...place.names];
    const isFolder = names.at(-1) === "";
    if (isFolder) names.pop();
    if (!areServed(names)) return end(response, 404, "not found");
    const found = root.find(isFolder ? [...names, "index.html"] : names);
    const page = { prefix: asked.prefix, brand };
    if (found.kind === "large")
      return end(response, 413, "This file is larger than 10 MiB; the canvas does not serve it.");
    if (found.kind === "file") {
      const type = isFolder ? HTML : typeOf(names.at(-1) ?? "");
      const script = { within: (data: Buffer) => withScript(data, page), tail: withScript(Buffer.alloc(0), page) };
      const file = sendingFile(found, type === HTML ? script : undefined);
      if (file === undefined) return end(response, 404, "not found");
      return this.#send(visit, file, { type, isInline: true });
    }
    const given = (body: Buffer) => sendingOf(withScript(body, page));
    if (isFolder && names.length === 0) return this.#send(visit, given(EMPTY_PAGE), { type: HTML, isInline: true });
    if (isFolder) return this.#send(visit, given(NO_PAGE), { type: HTML, isInline: true, status: 404 });
    const isFolderWithPage = found.kind === "folder" && root.find([...names, "index.html"]).kind === "file";
    if (isFolderWithPage) return this.#redirectToFolder(visit);
    end(response, 404, "not found");
  }

  #send(
    { request, response, isOwnPort }: Visit,
    body: Sending,
    { type, isInline, status = 200 }: { type: string; isInline: boolean; status?: number },
  ): void {
    const { host, settings } = this.#options;
    const { headers } = request;
    const hostHeader = /^[\w.:[\]-]{1,255}$/.test(headers.host ?? "") ? headers.host : undefined;
    const ancestors = this.#ancestors(hostHeader, host.allowedOrigins());
    const { remoteImages } = settings;
    const policy = pagePolicy({ host: hostHeader, isOwnPort, ancestors, remoteImages, isInline });
    response.writeHead(status, {
      ...{ "Content-Type": type, "Content-Length": body.length, "Content-Security-Policy": policy },
    });
    if (request.method !== "HEAD") return body.to(response);
    body.drop();
    response.end();
  }

  /** WebChat's own origin, under the name by which the canvas is asked for, and those that may use the gateway. */
  #ancestors(host: string | undefined, allowed: readonly string[]): string[] {
    const own = this.#options.own();
    const name = host?.replace(/:\d+$/, "");
    const gateway = own && name && !name.startsWith("[") ? [`${own.scheme}://${name}:${own.gatewayPort}`] : [];
    return [...gateway, ...allowed.filter((origin) => /^https?:\/\/[\w.-]+(?::\d+)?$/.test(origin))];
  }
}

function queryOf({ url = "" }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split("?", 2)[1] ?? "");
}

/** Sets the headers of all answers in the place of those that the gateway's own pages have. */
function plain(response: ServerResponse): ServerResponse {
  for (const name of ["X-Frame-Options", "Cross-Origin-Opener-Policy"]) response.removeHeader(name);
  for (const [name, value] of Object.entries(PLAIN_HEADERS)) response.setHeader(name, value);
  response.setHeader("Content-Security-Policy", "default-src 'none'; sandbox");
  return response;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(response.req.method === "HEAD" ? undefined : text);
}
