/** Plain HTTP on the gateway's port: the web page's files and the routes that slices export. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { sha256Hex } from "../../base/ids.ts";
import { decodePath } from "../../kit/http.ts";
import type { Route } from "../../kit/route.ts";

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  json: "application/json",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
};

/** Headers of every answer (security: browser-facing surface). */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=()",
};

/** A page beside WebChat, with what it may use beyond other pages. */
interface OwnPage {
  readonly file: string;
  readonly permissions: string;
}

/** The page that makes a browser a node. It alone may ask for cameras and the like. */
const NODE_PAGE: OwnPage = {
  file: "/node.html",
  permissions:
    "camera=(self), microphone=(self), geolocation=(self), screen-wake-lock=(self), display-capture=(self), payment=(), usb=()",
};
const OWN_PAGES: Readonly<Record<string, OwnPage>> = {
  "/node": NODE_PAGE,
  "/node/": NODE_PAGE,
  "/node.html": NODE_PAGE,
};

/** What a page of ours may load: files of its own, and sockets to the host that served it. The host has been checked. */
function contentPolicy(host: string, frames: readonly string[]): string {
  return [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:",
    `font-src 'self'; connect-src 'self'${socketsOf(host)}; manifest-src 'self'; worker-src 'self'`,
    ...(frames.length > 0 ? [`frame-src ${frames.join(" ")}`] : []),
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ].join("; ");
}

/** Where programs ask whether the gateway is there: the port opens when it is ready, so that all have one answer. */
const HEALTH: ReadonlySet<string> = new Set(["/healthz", "/health", "/livez", "/live", "/readyz", "/ready"]);

/** No page of ours, whether or not a slice answers there now. */
function isReserved(path: string): boolean {
  return /^\/(?:__|(?:ui|api|v1|hooks|tools|avatar)(?:\/|$))/.test(path);
}

/** Answers plain requests: slices' routes first, then the web page. */
export class HttpHandler {
  readonly #routes: readonly Route[];
  readonly #webDir: string | undefined;
  readonly #frames: (host: string) => readonly string[];
  #assets: ReadonlyMap<string, Asset> | undefined;

  constructor(options: {
    routes: readonly Route[];
    webDir: string | undefined;
    /** The origins that our pages may show in frames, for a Host header. */
    frames?: (host: string) => readonly string[];
  }) {
    this.#routes = options.routes;
    this.#webDir = options.webDir;
    this.#frames = options.frames ?? (() => []);
  }

  /** The route for a path, decoded; undefined when no slice has one. */
  routeOf(path: string): Route | undefined {
    return this.#routes.find((candidate) => candidate.matches(path));
  }

  /** Whether a request is for a route that judges by itself under which names it may be asked for. */
  takesAnyHost({ url = "/" }: IncomingMessage): boolean {
    const path = decodePath(url);
    return path !== undefined && this.routeOf(path)?.takesAnyHost === true;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = "" } = request.headers;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    response.setHeader("Content-Security-Policy", contentPolicy(host, this.#frames(host)));
    const path = decodePath(request.url ?? "/");
    if (path === undefined) return answerText(response, 400, "Bad Request");
    const route = this.routeOf(path);
    if (route) return route.handle(request, response, path);
    if (isReserved(path)) return answerText(response, 404, "Not Found");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return answerText(response, 405, "Method Not Allowed");
    }
    if (HEALTH.has(path)) return answerText(response, 200, "ok");
    this.#sendAsset(request, response, path);
  }

  #sendAsset(request: IncomingMessage, response: ServerResponse, path: string): void {
    this.#assets ??= loadAssets(this.#webDir);
    const isPage = !/\.[a-z0-9]+$/i.test(path);
    const own = Object.hasOwn(OWN_PAGES, path) ? OWN_PAGES[path] : undefined;
    if (own) response.setHeader("Permissions-Policy", own.permissions);
    const fallback = isPage && !own ? this.#assets.get("/index.html") : undefined;
    const asset = this.#assets.get(own?.file ?? path) ?? fallback;
    if (!asset && isPage) return answerText(response, 503, "WebChat has not been built; run `npm run build`.");
    if (!asset) return answerText(response, 404, "Not Found");
    const isHashed = /-[A-Za-z0-9]{8,}\.\w+$/.test(path);
    response.setHeader("Cache-Control", isHashed ? "private, max-age=31536000, immutable" : "private, no-cache");
    response.setHeader("ETag", asset.etag);
    if (request.headers["if-none-match"] === asset.etag) return void response.writeHead(304).end();
    response.writeHead(200, { "Content-Type": asset.type, "Content-Length": asset.body.length });
    response.end(request.method === "HEAD" ? undefined : asset.body);
  }
}

/** Answers with a short text that nobody caches. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" }).end(text);
}

/** All files of the built page, read once: a request can only name what is in this map. */
function loadAssets(folder: string | undefined): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  if (folder === undefined) return assets;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const type = TYPES[name.split(".").at(-1) ?? ""];
    if (!type || !statSync(path).isFile()) continue;
    const body = readFileSync(path);
    assets.set(`/${name.replaceAll("\\", "/")}`, { body, type, etag: `"${sha256Hex(body).slice(0, 32)}"` });
  }
  return assets;
}

/** Older browsers do not count sockets among 'self'. A policy cannot name an IPv6 address. */
function socketsOf(host: string): string {
  return host.startsWith("[") ? "" : ` ws://${host} wss://${host}`;
}
