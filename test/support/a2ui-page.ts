// The A2UI page as a gateway serves it, under its strict policy and a path with a capability: how the browser tests open and
// watch it.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type WebSocket, WebSocketServer } from "ws";
import { within } from "./time-limit.ts";
import { photograph } from "./webchat.ts";

const BUILT = new URL("../../packages/a2ui/dist/", import.meta.url).pathname;
const BASE = "/__openclaw__/cap/abcdefghijklmnopqrstuvwx/__openclaw__";
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** The policy that the page must live with. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'";

/** Serves the page, a parent that frames it, and a page of a canvas, on loopback. */
export class A2uiHost implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #waiting: ((socket: WebSocket) => void)[] = [];
  /** Paths of sockets that pages asked for. */
  readonly asked: string[] = [];
  /** Actions that came over sockets, and who waits for the next. */
  readonly #actions: unknown[] = [];
  readonly #listeners: ((action: unknown) => void)[] = [];
  /** What the socket of the page says at once. */
  screen: readonly unknown[] = [];
  readonly open: WebSocket[] = [];
  /** Whether pages have no origin, as on the gateway's own port. */
  isSandboxed = false;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://host");
      const policy = this.isSandboxed ? `${POLICY}; sandbox allow-scripts` : POLICY;
      // A browser asks for it by itself, when it gets to it: a page without an icon must not look like a fault.
      if (pathname === "/favicon.ico") return response.writeHead(204).end();
      const text = await this.#answer(pathname);
      const type = TYPES[extname(pathname)] ?? "text/html";
      response.writeHead(text === undefined ? 404 : 200, { "content-type": type, "content-security-policy": policy });
      response.end(text);
    });
    this.#server.on("upgrade", (request, socket, head) => {
      this.asked.push(request.url ?? "");
      this.#sockets.handleUpgrade(request, socket, head, (upgraded) => this.#greet(upgraded, request.url ?? ""));
    });
  }

  /** Listens on a free port. */
  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The address of the A2UI page. */
  get page(): string {
    return `${this.url}${BASE}/a2ui/`;
  }

  /** The next action that a page sends over a socket. */
  nextAction(): Promise<unknown> {
    if (this.#actions.length > 0) return Promise.resolve(this.#actions.shift());
    return within(new Promise((resolve) => this.#listeners.push(resolve)), "an action");
  }

  /** How many actions nobody has asked for yet. */
  get waitingActions(): number {
    return this.#actions.length;
  }

  /** The next socket that a page opens. */
  nextSocket(): Promise<WebSocket> {
    return within(new Promise((resolve) => this.#waiting.push(resolve)), "a socket");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #greet(socket: WebSocket, path: string): void {
    this.open.push(socket);
    socket.on("message", (data) => {
      const said = JSON.parse(String(data)) as unknown;
      const listener = this.#listeners.shift();
      if (listener === undefined) this.#actions.push(said);
      else listener(said);
    });
    if (path.includes("/a2ui/ws")) socket.send(JSON.stringify({ type: "surface", messages: this.screen }));
    this.#waiting.shift()?.(socket);
  }

  async #answer(pathname: string): Promise<string | Buffer | undefined> {
    if (pathname.startsWith(`${BASE}/a2ui/`)) {
      const name = pathname.slice(`${BASE}/a2ui/`.length) || "index.html";
      return existsSync(join(BUILT, name)) ? readFile(join(BUILT, name)) : undefined;
    }
    if (pathname === `${BASE}/canvas/`) return `<p>A page</p><script src="${BASE}/a2ui/canvas.js"></script>`;
    if (pathname === "/parent")
      return `<title>Parent</title><iframe sandbox="allow-scripts" allow="" referrerpolicy="no-referrer" src="${BASE}/a2ui/"></iframe>
        <script src="/parent.js"></script>`;
    if (pathname === "/parent.js")
      return `self.heard = [];
        onmessage = ({ source, data }) => {
          if (source !== frames[0]) return;
          heard.push(data);
          document.body.append(Object.assign(document.createElement("li"), { textContent: JSON.stringify(data) }));
        };`;
    return undefined;
  }
}

/** A window with the page in it. `problems` are what the console complained about. */
export class A2uiWindow implements AsyncDisposable {
  readonly problems: string[] = [];
  readonly page: Page;
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
    page.on("pageerror", (error) => this.problems.push(String(error)));
  }

  /** Keeps a picture for people to look at. */
  async photograph(name: string): Promise<void> {
    await photograph(this.page, name, { fullPage: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** Opens a window. */
export async function openWindow(
  browser: Browser,
  look: { readonly width?: number; readonly height?: number } = {},
): Promise<A2uiWindow> {
  const { width = 1280, height = 800 } = look;
  const context = await browser.newContext({ viewport: { width, height } });
  return new A2uiWindow(context, await context.newPage());
}
