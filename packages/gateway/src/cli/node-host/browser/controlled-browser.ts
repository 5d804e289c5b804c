/** A browser of this machine that the gateway controls: a process with a profile of its own, started when first needed. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../../base/config/config.ts";
import { ignore } from "../../../base/errors.ts";
import type { Env } from "../../../base/files.ts";
import { childEnv } from "../../../base/process/child.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import { NodeFailure } from "../failure.ts";
import { BrowserProcess } from "./browser-process.ts";
import { FilteringProxy } from "./filtering-proxy.ts";
import type { CdpObject } from "./pipe.ts";

export interface BrowserOptions {
  /** The browser's program. */
  readonly program: string;
  readonly stateDir: string;
  readonly env: Env;
  readonly clock: Clock;
  /** Services beside those on public addresses that it may reach, as `host:port`. */
  readonly reach: readonly string[];
}

/** A tab as it is told. */
export interface Tab {
  readonly targetId: string;
  readonly title: string;
  readonly url: string;
  readonly type: "page";
}

/** A browser that nobody has used for so long ends, ms. */
const IDLE_MS = 10 * 60_000;
/** Tabs at once; what pages open beyond is closed. */
const MAX_TABS = 16;
const MAX_TEXT_CHARS = 2_000;

const ARGS = [
  ...["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"],
  // Nothing goes around the proxy: neither loopback names, nor QUIC, nor WebRTC.
  ...["--proxy-bypass-list=<-loopback>", "--disable-quic", "--webrtc-ip-handling-policy=disable_non_proxied_udp"],
  ...["--force-webrtc-ip-handling-policy", "--disable-features=MediaRouter,DnsOverHttps", "--mute-audio"],
];

export class ControlledBrowser {
  readonly #options: BrowserOptions;
  /** The sessions of tabs, by their ids. */
  readonly #sessions = new Map<string, Promise<string>>();
  #browserProcess: Promise<BrowserProcess> | undefined;
  #current: BrowserProcess | undefined;
  #idle: Disposable | undefined;
  /** Runs when a tab's page has loaded. */
  readonly #loads = new Map<string, () => void>();
  /** Runs when a tab is gone. */
  readonly #ends = new Map<string, () => void>();

  constructor(options: BrowserOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#browserProcess !== undefined;
  }

  /** Starts the browser unless it runs. Rejects with `NodeFailure` that says why it cannot. */
  async start(signal: AbortSignal): Promise<BrowserProcess> {
    this.#browserProcess ??= this.#launch();
    const starting = this.#browserProcess;
    this.#used();
    const browserProcess = await starting;
    signal.throwIfAborted();
    return browserProcess;
  }

  /** Ends the browser; false when it did not run. */
  async stop(): Promise<boolean> {
    const browserProcess = this.#browserProcess;
    this.#forget();
    if (!browserProcess) return false;
    try {
      (await browserProcess)[Symbol.dispose]();
    } catch (error) {
      ignore(error, "it has not started");
    }
    return true;
  }

  async tabs(signal: AbortSignal): Promise<Tab[]> {
    if (!this.isRunning) return [];
    const { targetInfos } = await this.send("Target.getTargets", {}, { signal });
    return (Array.isArray(targetInfos) ? targetInfos : []).flatMap((info: unknown) => {
      if (!isRecord(info) || info.type !== "page" || typeof info.targetId !== "string") return [];
      const { targetId, title, url } = info;
      return [{ targetId, title: cut(title), url: cut(url), type: "page" as const }];
    });
  }

  /** Asks the browser, or one of its tabs. */
  async send(
    method: string,
    params: CdpObject,
    { tab, signal }: { tab?: string; signal: AbortSignal },
  ): Promise<CdpObject> {
    const { pipe } = await this.start(signal);
    const sessionId = tab === undefined ? undefined : await this.#session(tab, signal);
    return await pipe.send(method, params, { sessionId, signal });
  }

  /** Whether the network lets a page be opened; throws `NodeFailure` why not. */
  async requireReachable(url: URL, signal: AbortSignal): Promise<void> {
    const found = await (await this.start(signal)).proxy.check(url);
    if ("refusal" in found) throw new NodeFailure("INVALID_REQUEST", `Error: 403: ${found.refusal}`);
  }

  /** Resolves when the tab's page has loaded; ask before it begins to. */
  loaded(tab: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#loads.set(tab, resolve);
    return promise;
  }

  /** Closes a tab; resolves when it is gone. A page that asks to stay is heard, and left, only when somebody is attached to it. */
  async close(tab: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.set(tab, resolve);
    using _listening = onAbort(signal, resolve);
    try {
      await this.#session(tab, signal);
      await this.send("Target.closeTarget", { targetId: tab }, { signal });
      await promise;
      signal.throwIfAborted();
    } finally {
      this.#ends.delete(tab);
    }
  }

  #session(tab: string, signal: AbortSignal): Promise<string> {
    const known = this.#sessions.get(tab);
    if (known) return known;
    const attached = this.#attach(tab, signal);
    this.#sessions.set(tab, attached);
    attached.catch((error: unknown) => {
      ignore(error, "the next call tries again");
      this.#sessions.delete(tab);
    });
    return attached;
  }

  async #attach(tab: string, signal: AbortSignal): Promise<string> {
    const { pipe } = await this.start(signal);
    const { sessionId } = await pipe.send("Target.attachToTarget", { targetId: tab, flatten: true }, { signal });
    const of = { sessionId: String(sessionId), signal };
    await pipe.send("Page.enable", {}, of);
    return of.sessionId;
  }

  async #launch(): Promise<BrowserProcess> {
    const { program, stateDir, env, reach } = this.#options;
    const profile = join(stateDir, "browser");
    mkdirSync(profile, { recursive: true, mode: 0o700 });
    const proxy = new FilteringProxy(reach);
    const args = [
      ...ARGS,
      `--user-data-dir=${profile}`,
      `--proxy-server=http://${await proxy.listen()}`,
      "about:blank",
    ];
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
      env: childEnv(env, {}, ["FONTCONFIG_PATH", "LD_LIBRARY_PATH"]),
      detached: true,
    });
    const browserProcess = new BrowserProcess(child, proxy, (...told) => this.#heard(...told));
    child.once("exit", () => {
      if (this.#current === browserProcess) this.#forget();
    });
    this.#current = browserProcess;
    try {
      await browserProcess.ready();
      return browserProcess;
    } catch (error) {
      browserProcess[Symbol.dispose]();
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#idle?.[Symbol.dispose]();
    this.#browserProcess = undefined;
    this.#current = undefined;
    this.#sessions.clear();
    this.#loads.clear();
    for (const end of this.#ends.values()) end();
  }

  #used(): void {
    this.#idle?.[Symbol.dispose]();
    this.#idle = this.#options.clock.after(IDLE_MS, () => void this.stop());
  }

  #heard(method: string, params: CdpObject, sessionId: string | undefined): void {
    if (method === "Page.loadEventFired") void this.#tellLoaded(sessionId);
    // A page that asks something would wait for an answer for ever. Whether it may be left is no question of the page's.
    if (method === "Page.javascriptDialogOpening")
      this.#tell("Page.handleJavaScriptDialog", { accept: params.type === "beforeunload" }, sessionId);
    if (method === "Target.attachedToTarget" && isRecord(params.targetInfo)) this.#join(params);
    if (method === "Target.targetDestroyed" && typeof params.targetId === "string") this.#gone(params.targetId);
    if (method === "Target.targetCreated" && isRecord(params.targetInfo)) void this.#limitTabs(params.targetInfo);
  }

  /** Hears a tab from its first moment: a window that a page opens waits until its questions will be answered. */
  #join({ sessionId, targetInfo }: CdpObject): void {
    if (typeof sessionId !== "string" || !isRecord(targetInfo) || typeof targetInfo.targetId !== "string") return;
    if (!this.#sessions.has(targetInfo.targetId)) this.#sessions.set(targetInfo.targetId, Promise.resolve(sessionId));
    this.#tell("Page.enable", {}, sessionId);
    this.#tell("Runtime.runIfWaitingForDebugger", {}, sessionId);
  }

  #gone(tab: string): void {
    this.#sessions.delete(tab);
    this.#ends.get(tab)?.();
  }

  async #tellLoaded(sessionId: string | undefined): Promise<void> {
    for (const [tab, session] of this.#sessions) if ((await session) === sessionId) this.#loads.get(tab)?.();
  }

  async #limitTabs({ targetId, type }: CdpObject): Promise<void> {
    if (type !== "page" || typeof targetId !== "string" || !this.#current) return;
    const signal = AbortSignal.timeout(5_000);
    try {
      if ((await this.tabs(signal)).length > MAX_TABS) await this.close(targetId, signal);
    } catch (error) {
      ignore(error, "the browser has ended");
    }
  }

  #tell(method: string, params: CdpObject, sessionId: string | undefined): void {
    const signal = AbortSignal.timeout(5_000);
    this.#current?.pipe.send(method, params, { sessionId, signal }).catch((error: unknown) => {
      ignore(error, "the browser has ended");
    });
  }
}

function cut(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT_CHARS).toWellFormed() : "";
}
