// WebChat in a real browser, served by a real gateway: how the browser tests open, watch and photograph it.

import { mkdirSync, writeFileSync } from "node:fs";
import type { Browser, BrowserContext, Page, WebSocketRoute } from "playwright-core";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { type TestGateway, TOKEN, testGateway } from "./gateway.ts";
import { LIMIT_MS } from "./time-limit.ts";

/** The two sizes that WebChat is made for. */
export const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

/** How a page is opened. */
export interface WebChatOptions {
  readonly size?: keyof typeof SIZES;
  /** The browser's language; American English unless said. */
  readonly locale?: string;
  /** What the page may use, beside the clipboard. */
  readonly permissions?: readonly string[];
  /** Sees every frame; see `frames`. */
  readonly route?: (route: WebSocketRoute) => void;
}

const ARTEFACTS = new URL("../../test-artifacts/", import.meta.url).pathname;

/** A gateway without models on this machine, or with the one given. */
export function gatewayWith(
  model?: { readonly baseUrl: string },
  overrides: { port?: number } = {},
): Promise<TestGateway> {
  const config = {
    models: {
      detectLocal: false,
      ...(model && {
        providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
      }),
    },
    ...(model && { agents: { defaults: { model: "fake/fake-model" } } }),
  };
  return testGateway({ config: JSON.stringify(config), overrides });
}

/** A browser window with WebChat in it. `problems` are what the console complained about. */
export class WebChat implements AsyncDisposable {
  readonly problems: string[];
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #gateway: TestGateway;

  constructor(context: BrowserContext, page: Page, gateway: TestGateway) {
    this.#context = context;
    this.page = page;
    this.#gateway = gateway;
    this.problems = watched(page);
  }

  /** The message field. */
  get field() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** Everything said so far, each message as its own locator. */
  get messages() {
    return this.page.getByRole("article");
  }

  /** Opens the signed-in link, under another name of this machine if `origin` says so, and waits for the chat. */
  async signIn(origin = this.#gateway.httpUrl): Promise<this> {
    await this.page.goto(`${origin}/#token=${TOKEN}`);
    // A browser that may only read has words in place of the field.
    await this.page.locator(".composer").waitFor();
    await this.page.locator(".link.connected").waitFor();
    return this;
  }

  /** Types and sends. */
  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.page.getByRole("button", { name: "Send", exact: true }).click();
  }

  /** Chooses what is done with a conversation in the list; the open one where the name fits any. */
  async act(name: string | RegExp, action: string): Promise<void> {
    const list = this.page.getByRole("list", { name: "Conversations", exact: true });
    const row = name instanceof RegExp ? list.locator("li.open") : list.locator("li", { hasText: name });
    await row.hover();
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await this.page.getByRole("menuitem", { name: action }).click();
  }

  /** Waits until a message with this text is shown. */
  async shows(text: string | RegExp): Promise<void> {
    await this.messages.filter({ hasText: text }).first().waitFor();
  }

  /** The text of each message, in order. */
  async said(): Promise<string[]> {
    const texts = await this.messages.evaluateAll((articles) =>
      articles.map((article) => article.querySelector(".bubble, .markdown")?.textContent?.trim() ?? ""),
    );
    return texts;
  }

  /** Keeps a picture of the page for people to look at. */
  async photograph(name: string): Promise<void> {
    await photograph(this.page, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** Presses “Try now”, unless the page has tried by itself and is connected by then. */
export async function tryNow(page: Page): Promise<void> {
  const press = page.getByRole("button", { name: "Try now" }).click();
  const isPressed = press.catch((error: unknown) => ignore(error, "the page was faster, and the button is gone"));
  await Promise.race([isPressed, page.locator(".link.connected").waitFor()]);
}

/** What the console of a page complains about, from now on. */
export function watched(page: Page): string[] {
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  return problems;
}

/** Keeps a picture of a page for people to look at; only when they have asked for pictures, because each costs 80 ms of CPU. */
export async function photograph(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  if (!process.env.MOLTBOT_TEST_PICTURES) return;
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ ...options, path: `${ARTEFACTS}${name}.png` });
}

/** A file that a browser can be given by its path: large ones take seconds when they go over the wire to it. */
export function fileToSend(name: string, content: Buffer): string {
  const folder = `${ARTEFACTS}files/`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}`, content);
  return `${folder}${name}`;
}

/** Opens a window of its own, with no memory of others. The caller disposes it. */
export async function openWebChat(
  browser: Browser,
  gateway: TestGateway,
  { size = "desktop", locale = "en-US", permissions = [], route }: WebChatOptions = {},
): Promise<WebChat> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale,
    hasTouch: size === "phone",
    permissions: ["clipboard-read", "clipboard-write", ...permissions],
  });
  context.setDefaultTimeout(LIMIT_MS);
  const page = await context.newPage();
  if (route) await page.routeWebSocket(/.*/, route);
  return new WebChat(context, page, gateway);
}

/** A frame as far as tests look into it. */
export interface PassingFrame {
  readonly type: string;
  readonly id?: string;
  readonly method?: string;
  readonly event?: string;
  readonly payload?: { readonly state?: string };
}

/** Lets frames pass between page and gateway, but for those that `drop` says yes to. */
export function dropping(
  drop: (frame: PassingFrame, from: "page" | "gateway") => boolean,
): (route: WebSocketRoute) => void {
  return (route) => {
    const gateway = route.connectToServer();
    route.onMessage((text) => drop(JSON.parse(String(text)), "page") || gateway.send(text));
    gateway.onMessage((text) => drop(JSON.parse(String(text)), "gateway") || route.send(text));
  };
}

/** Lets the page hear that it was granted these scopes only. */
export function allowing(scopes: readonly string[]): (route: WebSocketRoute) => void {
  return (route) => {
    const gateway = route.connectToServer();
    route.onMessage((text) => gateway.send(text));
    gateway.onMessage((text) => {
      const frame = JSON.parse(String(text)) as { payload?: { type?: string; auth?: object } };
      const isHello = frame.payload?.type === "hello-ok";
      const auth = { role: "operator", ...frame.payload?.auth, scopes };
      route.send(isHello ? JSON.stringify({ ...frame, payload: { ...frame.payload, auth } }) : text);
    });
  };
}
