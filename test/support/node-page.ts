// The page that makes a browser a node, in a real browser with a false camera and microphone, served by a real gateway.

import type { Browser, BrowserContext, Page } from "playwright-core";
import type { TestGateway } from "./gateway.ts";
import { withNotifications } from "./notifications.ts";
import { LIMIT_MS } from "./time-limit.ts";
import { SIZES, watched } from "./webchat.ts";

/** Vienna. */
export const PLACE = { latitude: 48.2082, longitude: 16.3738, accuracy: 12 } as const;

/** A window without memory has no push service. */
const NO_PUSH = `PushManager.prototype.subscribe = async () => {
  throw new DOMException("there is no push service", "AbortError");
};`;

/** How a page of a node is opened. */
export interface NodePageOptions {
  readonly size?: keyof typeof SIZES;
  /** What the browser allows the page; everything that nodes use unless said. */
  readonly permissions?: readonly string[];
  /** Runs in the page before its own scripts. */
  readonly script?: string;
}

/** A window with the page of a node in it. `problems` are what its console complained about. */
export class NodeWindow implements AsyncDisposable {
  readonly page: Page;
  readonly problems: string[];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    this.problems = watched(page);
  }

  /** Opens the link of an invitation and becomes a node. */
  async join(link: string): Promise<this> {
    await this.page.goto(link);
    await this.page.getByRole("button", { name: "Connect" }).click();
    await this.page.locator(".link.connected").waitFor();
    return this;
  }

  /** Chooses for good what the page may do. */
  async choose(ability: string, choice: "Ask each time" | "Always" | "Never"): Promise<void> {
    await this.page.getByLabel(ability, { exact: true }).selectOption({ label: choice });
  }

  /** The page counts as hidden, or as in view again, as browsers tell it. */
  async setHidden(isHidden: boolean): Promise<void> {
    await this.page.evaluate(`{
      const state = ${JSON.stringify(isHidden ? "hidden" : "visible")};
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    }`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** Opens a window of its own, with no memory of others. The caller disposes it. */
export async function openNodeWindow(
  browser: Browser,
  gateway: Pick<TestGateway, "httpUrl">,
  options: NodePageOptions = {},
): Promise<NodeWindow> {
  const { size = "phone" } = options;
  const { permissions = ["camera", "microphone", "geolocation", "notifications"] } = options;
  const context = await browser.newContext({
    ...{ viewport: SIZES[size], hasTouch: size === "phone", geolocation: PLACE },
  });
  // Notifications are granted to an origin, not to a window.
  await context.grantPermissions([...permissions], { origin: gateway.httpUrl });
  context.setDefaultTimeout(LIMIT_MS);
  await context.addInitScript(options.script ?? NO_PUSH);
  if (permissions.includes("notifications")) await withNotifications(context);
  return new NodeWindow(context, await context.newPage());
}

/** The link of a new invitation. */
export async function invitation(gateway: TestGateway, displayName?: string): Promise<string> {
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const { url } = await admin.call("node.invite", displayName === undefined ? {} : { displayName });
  return url;
}

/** Asks nodes as an operator called “Kitchen panel”: the payload of a command, or the text of its refusal. */
export async function asking(gateway: TestGateway) {
  const client = { displayName: "Kitchen panel" };
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"], client });
  let keys = 0;
  return async (node: string, command: string, params: object = {}, timeoutMs = LIMIT_MS) => {
    const call = { nodeId: node, command, params, timeoutMs, idempotencyKey: `k${++keys}` };
    const { payload, error } = await admin.request("node.invoke", call);
    return error ? error.message : payload.payload;
  };
}
