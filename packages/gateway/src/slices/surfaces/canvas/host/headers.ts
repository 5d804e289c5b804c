/** What the canvas says beside its answers: content types, and what a page may do. */
import { extname } from "node:path";

/** Content types by extension. What is not here is a file to save, and is not run. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".htm": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "application/jsonl; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".xml": "application/xml; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".bmp": "image/bmp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".otf": "font/otf",
  ".mp3": "audio/mpeg",
  ".ogg": "audio/ogg",
  ".opus": "audio/ogg",
  ".wav": "audio/wav",
  ".m4a": "audio/mp4",
  ".mp4": "video/mp4",
  ".webm": "video/webm",
  ".mov": "video/quicktime",
  ".wasm": "application/wasm",
  ".pdf": "application/pdf",
  ".webmanifest": "application/manifest+json",
};

export const HTML = TYPES[".html"]!;

export function typeOf(path: string): string {
  return TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
}

/** Under which conditions a page is shown. */
export interface PageConditions {
  /** The Host header of the request, when it is one. */
  readonly host: string | undefined;
  /** On the gateway's own port a page gets an origin of its own: it must not reach what WebChat keeps in the browser. */
  readonly isOwnPort: boolean;
  /** The origins whose pages may show it in a frame. */
  readonly ancestors: readonly string[];
  readonly remoteImages: boolean;
  /** Whether scripts and styles may be in the page itself, as in pages that agents write. */
  readonly isInline: boolean;
}

/** What a page that an agent wrote may do: nothing that leaves the host which served it. */
export function pagePolicy({ host, isOwnPort, ancestors, remoteImages, isInline }: PageConditions): string {
  // A policy cannot name an IPv6 address.
  const sockets = host === undefined || host.startsWith("[") ? [] : socketsOf(host, isOwnPort);
  const inline = isInline ? " 'unsafe-inline'" : "";
  const directives = [
    `default-src 'none'; script-src 'self'${inline}${isInline ? " 'unsafe-eval' blob:" : ""}; style-src 'self'${inline}`,
    `img-src 'self' data: blob:${remoteImages ? " https:" : ""}; media-src 'self' data: blob:; font-src 'self' data:`,
    `connect-src ${[...(isOwnPort ? ["'self'"] : []), ...sockets].join(" ") || "'none'"}; worker-src 'self' blob:`,
    `frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ${["'self'", ...ancestors].join(" ")}`,
    ...(isOwnPort ? [] : ["sandbox allow-scripts allow-forms"]),
  ];
  return directives.join("; ");
}

/** On the gateway's port a page may open the canvas's own sockets, and no connection of the protocol. */
function socketsOf(host: string, isOwnPort: boolean): string[] {
  if (isOwnPort) return [`ws://${host}`, `wss://${host}`];
  const paths = ["clawdbot", "moltbot", "openclaw"].flatMap((brand) => [
    ...[`/__${brand}/ws`, `/__${brand}__/ws`, `/__${brand}__/a2ui/ws`, `/__${brand}__/cap/`],
  ]);
  return paths.flatMap((path) => [`ws://${host}${path}`, `wss://${host}${path}`]);
}

/** Headers of every answer. They replace those of the gateway's own pages. */
export const PLAIN_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
  // A page in a sandbox has an origin of its own, and loads its files from here as a stranger.
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};
