/** The service of the canvas: pages that agents write, screens that they draw, and who sees both. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, resolve } from "node:path";
import { messageOf } from "../../../base/errors.ts";
import { envOf, expandHome } from "../../../base/files.ts";
import type { Caller } from "../../../kit/access.ts";
import { hasScope } from "../../../kit/access.ts";
import type { ConnectionWatcher, OpenPort, ReachedAddress } from "../../../kit/host.ts";
import type { Upgrade } from "../../../kit/route.ts";
import type { CanvasServices } from "./canvas-services.ts";
import { AgentFolders } from "./files/agent-folders.ts";
import { Addresses, ownOrigin } from "./host/addresses.ts";
import { CanvasServer } from "./host/canvas-server.ts";
import { isCanvasPath } from "./host/paths.ts";
import { Viewers } from "./host/viewers.ts";
import { Drawing } from "./screens/drawing.ts";
import { type CanvasHostSettings, canvasHost } from "./settings.ts";

export class Canvas implements ConnectionWatcher {
  /** Screens: what is drawn, taken back and pressed. */
  readonly drawing: Drawing;
  /** The folders of pages. */
  readonly folders: AgentFolders;
  /** The addresses under which both are seen. */
  readonly addresses: Addresses;
  /** The canvas judges by capabilities and by where a request comes from, so it needs no check of the host name. */
  readonly takesAnyHost = true;
  readonly #services: CanvasServices;
  readonly #settings: CanvasHostSettings;
  readonly #viewers: Viewers;
  readonly #server: CanvasServer;
  readonly #using = new DisposableStack();
  #own: OpenPort | undefined;
  #opening: Promise<void> | undefined;
  #problem: string | undefined;

  constructor(services: CanvasServices) {
    const { clock, config, env, devices, workspace, host } = services;
    this.#services = services;
    const settings = config.of(canvasHost).current;
    this.#settings = { ...settings, enabled: settings.enabled && !isSwitchedOff(envOf(env, "SKIP_CANVAS_HOST")) };
    this.addresses = new Addresses({
      ...{ clock, own: () => this.#own, sessions: services.sessions },
      placeFor: (sessionKey) => this.folders.placeFor(sessionKey),
    });
    const { capabilities } = this.addresses;
    this.#viewers = new Viewers({
      ...{ clock, capabilities },
      screen: (sessionKey) => this.drawing.screens.screen(sessionKey),
      acted: (...what) => this.drawing.acted(...what),
    });
    this.drawing = new Drawing(services, this.#viewers);
    this.folders = new AgentFolders(services, {
      pathOf: (agentId) => this.#rootPath(agentId),
      log: this.drawing.screens.log,
      reload: () => this.#viewers.reload(),
    });
    this.#server = new CanvasServer({
      ...{ host, settings: this.#settings, folders: this.folders, capabilities, viewers: this.#viewers },
      own: () => this.#own,
      sessionFor: (named) => this.drawing.sessionFor(named),
      agentOf: (sessionKey) => services.sessions.agentOf(sessionKey),
    });
    this.#using.use(devices.observers.add({ ended: (deviceId) => capabilities.endOfDevice(deviceId) }));
    this.#using.use(workspace.writes.add(this.folders));
  }

  get enabled(): boolean {
    return this.#settings.enabled;
  }

  /** Opens the canvas's own port. A port that is taken ends no start: everything is served on the gateway's as well. */
  start(): void {
    if (!this.enabled) return;
    this.drawing.nodes.begin();
    this.folders.begin();
    this.#opening = this.#open();
  }

  async stop(): Promise<void> {
    await this.#opening;
    this.folders[Symbol.dispose]();
    this.#viewers[Symbol.dispose]();
    this.addresses.capabilities.endAll();
    await this.#own?.[Symbol.asyncDispose]();
    this.#own = undefined;
  }

  [Symbol.dispose](): void {
    this.#using[Symbol.dispose]();
  }

  /** As a route of the gateway's port. */
  matches(path: string): boolean {
    return this.enabled && isCanvasPath(path);
  }

  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    this.#server.handle(request, response, { path, isOwnPort: false });
  }

  upgrade(upgrade: Upgrade): void {
    this.#server.upgrade(upgrade);
  }

  /** What pages of the gateway may show in a frame. */
  sourcesFor(host: string): readonly string[] {
    if (!this.enabled) return [];
    const name = host.replace(/:\d+$/, "");
    const own = this.#own && /^[\w.-]+$/.test(name) ? [ownOrigin(this.#own, name)] : [];
    return ["'self'", ...own];
  }

  /** Tells a client where the canvas is, under an address that is its own. */
  opened(caller: Caller, _ip: string | undefined, reached: ReachedAddress): Readonly<Record<string, unknown>> {
    if (!this.enabled || (caller.role === "operator" && !hasScope(caller.scopes, "operator.read"))) return {};
    const url = this.addresses.forConnection(caller, reached);
    if (url === undefined) return {};
    // The node is known, and has its hello-ok, when this call has returned.
    const { deviceId } = caller;
    if (caller.role === "node" && deviceId !== undefined)
      setImmediate(() => void this.drawing.nodes.connected(deviceId));
    return caller.protocol === 3 ? { canvasHostUrl: url } : { pluginSurfaceUrls: { canvas: url } };
  }

  closed(connId: string): void {
    this.addresses.closed(connId);
    this.drawing.closed(connId);
  }

  /** Throws `INVALID_REQUEST` for an agent that there is not. */
  status({ withPath, agentId }: { withPath: boolean; agentId?: string | undefined }) {
    const { root } = this.folders.of(this.#services.workspace.requireAgent(agentId));
    const problems = [...(this.#problem === undefined ? [] : [this.#problem]), ...this.folders.problems];
    return {
      enabled: this.enabled,
      ...(this.#own && { port: this.#own.port }),
      ...(withPath && { path: root.path }),
      liveReload: this.#settings.liveReload,
      viewers: this.#viewers.count,
      problems,
    };
  }

  async #open(): Promise<void> {
    const { host, log, env } = this.#services;
    const named = Number(envOf(env, "CANVAS_PORT") ?? Number.NaN);
    const port = Number.isInteger(named) && named >= 0 && named <= 65535 ? named : this.#settings.port;
    try {
      this.#own = await host.listen({
        port,
        request: (request, response) => this.#server.onOwnPort(request, response),
        upgrade: (request, socket, head) => this.#server.onOwnPortUpgrade(request, socket, head),
      });
      log.info("the canvas listens", { port: this.#own.port });
    } catch (error) {
      this.#problem = `the canvas has no port of its own (${messageOf(error)}); set canvasHost.port to a free one. It is served on the gateway's port`;
      log.warn("the canvas has no port of its own; it is served on the gateway's", { why: messageOf(error) });
    }
  }

  /** `canvasHost.root` is the default agent's. */
  #rootPath(agentId: string): string {
    const { agents, stateDir, workspace } = this.#services;
    const { root } = this.#settings;
    return root === undefined || agentId !== agents.defaultId
      ? join(workspace.pathOf(agentId), "canvas")
      : resolve(stateDir, expandHome(root));
  }
}

function isSwitchedOff(value: string | undefined): boolean {
  return value !== undefined && !["0", "false", "no", "off"].includes(value.toLowerCase());
}
