// What the page is about: whether this browser can be a node, is one, or no longer is, and everything that the views show.

import {
  type ClientState,
  type DeviceIdentity,
  GatewayClient,
  isAuthRefusal,
  isPairingRequired,
  isRecord,
} from "@moltbot/protocol";
import { ignore } from "../ignore.ts";
import { deviceTokens, gatewayUrl } from "../visit/credentials.ts";
import { recall, remember } from "../visit/storage.ts";
import { t } from "../words/t.ts";
import { Calls } from "./calls/calls.ts";
import { Consents } from "./calls/consent.ts";
import { ConsentPrompts } from "./calls/consent-prompts.ts";
import { Journal } from "./calls/journal.ts";
import { canvasActionLine } from "./canvas/action.ts";
import { Canvas, type UserAction } from "./canvas/canvas-frame.ts";
import { commandsHere } from "./commands/all.ts";
import type { NodeCommand } from "./commands/command.ts";
import { dropInvitation, nodeIdentity, nodeInfo, nodeName, setNodeName, takeInvitation } from "./identity.ts";
import { askPermissions, permissionsNow } from "./permissions.ts";
import { ScreenWakeLock } from "./wake-lock.ts";
import { registration, startWorker } from "./worker.ts";

/** The state of the page. */
export type NodePageState =
  | { readonly kind: "starting" }
  /** Plain http: the browser withholds what a node needs. */
  | { readonly kind: "insecure" }
  | { readonly kind: "no-key" }
  /** Nobody invited this browser; `problem` says why the last invitation was refused. */
  | { readonly kind: "uninvited"; readonly problem?: string }
  | { readonly kind: "invited"; readonly isBusy: boolean }
  | { readonly kind: "waits"; readonly requestId: string }
  | { readonly kind: "node"; readonly isConnected: boolean; readonly why?: string }
  | { readonly kind: "removed" };

/** How long after a refusal that is not about this browser's rights the page tries again, ms. */
const AGAIN_MS = 30_000;

export class NodePage {
  pageState: NodePageState = { kind: "starting" };
  readonly consents = new Consents();
  readonly journal = new Journal();
  readonly canvas = new Canvas();
  readonly screenOn = new ScreenWakeLock();
  readonly asking: ConsentPrompts;
  readonly #changed: () => void;
  readonly #commands: ReadonlyMap<string, NodeCommand>;
  #identity: DeviceIdentity | undefined;
  #invitation: string | undefined;
  #client: GatewayClient | undefined;

  /** `changed` is called whenever what the views show is another. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.asking = new ConsentPrompts(changed);
    this.#commands = commandsHere(this.canvas);
    this.canvas.onChange = changed;
    this.canvas.freshBase = () => this.#freshCanvas();
    this.canvas.onAction = (action) => this.#tellAction(action);
  }

  /** The commands that this browser has. */
  get offers(): ReadonlySet<string> {
    return new Set(this.#commands.keys());
  }

  get name(): string {
    return nodeName();
  }

  async start(): Promise<void> {
    addEventListener("online", () => this.#client?.retryNow());
    document.addEventListener("visibilitychange", () => this.#onView());
    addEventListener("hashchange", () => void this.#begin());
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.#invitation = takeInvitation();
    if (!isSecureContext) return this.#setState({ kind: "insecure" });
    this.#identity ??= await nodeIdentity();
    if (!this.#identity) return this.#setState({ kind: "no-key" });
    if (this.#client !== undefined && this.#invitation === undefined) return;
    await startWorker();
    if (deviceTokens.load("node") !== undefined && this.#invitation === undefined) return this.#connect();
    this.#setState(this.#invitation === undefined ? { kind: "uninvited" } : { kind: "invited", isBusy: false });
  }

  /** Becomes a node, by the invitation. Call it in a tap: the browser then asks for its permissions. */
  async join(name: string): Promise<void> {
    this.#setState({ kind: "invited", isBusy: true });
    setNodeName(name);
    await askPermissions(this.consents, this.offers);
    deviceTokens.save("node", undefined);
    this.#connect();
  }

  /** Stops being a node, as far as this browser goes. */
  leave(): void {
    this.#client?.close();
    this.#forget();
    this.#setState({ kind: "uninvited" });
  }

  retryNow(): void {
    this.#client?.retryNow();
  }

  #connect(): void {
    this.#client?.close();
    const identity = this.#identity!;
    const commands = [...this.#commands.values()];
    const client = new GatewayClient({
      ...{ url: gatewayUrl(), client: nodeInfo(), role: "node", device: identity, deviceTokens },
      ...(this.#invitation !== undefined && { invitation: this.#invitation }),
      caps: [...new Set(commands.map(({ cap }) => cap))],
      commands: commands.map(({ name }) => name),
      permissions: permissionsNow(),
    });
    const { consents, asking, journal } = this;
    const changed = this.#changed;
    const means = { deviceId: identity.deviceId, commands: this.#commands, consents, asking, journal, changed };
    const calls = new Calls(means);
    client.on("node.invoke.request", (request) => void calls.take(client, request));
    client.on("node.invoke.cancel", (cancel) => calls.cancel(cancel));
    client.onState((state) => {
      if (state.kind !== "connected") calls.end();
      if (client === this.#client) this.#onState(state);
    });
    this.#client = client;
    client.connect().catch((error: unknown) => ignore(error, "the state tells why"));
  }

  #onState(state: ClientState): void {
    if (state.kind === "connected") {
      const { hello } = state;
      this.#invitation = undefined;
      dropInvitation();
      remember("node.was", "yes");
      this.canvas.base = hello.pluginSurfaceUrls?.canvas ?? hello.canvasHostUrl;
      this.#setState({ kind: "node", isConnected: true });
      this.#onView();
      void this.#subscribe();
    } else if (state.kind === "reconnecting" && isPairingRequired(state.reason))
      this.#setState({ kind: "waits", requestId: String(state.reason.detail("requestId")) });
    else if (state.kind === "closed" && state.reason !== undefined) this.#refused(state.reason);
    else if (state.kind === "reconnecting" || state.kind === "connecting")
      this.#setState({ kind: "node", isConnected: false, why: t("The gateway cannot be reached.") });
  }

  #refused(reason: Error): void {
    if (isAuthRefusal(reason)) {
      const was = recall("node.was") === "yes" && this.#invitation === undefined;
      const problem = sentence(reason.message);
      this.#forget();
      return this.#setState(was ? { kind: "removed" } : { kind: "uninvited", problem });
    }
    this.#setState({ kind: "node", isConnected: false, why: sentence(reason.message) });
    setTimeout(() => this.#connect(), AGAIN_MS);
  }

  #forget(): void {
    this.#client = undefined;
    this.#invitation = undefined;
    dropInvitation();
    deviceTokens.save("node", undefined);
    remember("node.was", undefined);
    this.consents.forget();
    this.canvas.base = undefined;
  }

  /** Says whether the page is in front, so that whoever chooses among nodes knows. */
  #onView(): void {
    const isVisible = document.visibilityState === "visible";
    if (isVisible) this.#client?.retryNow();
    const activity = isVisible ? { idleSeconds: 0, source: "app" } : { action: "clear" };
    void this.#report("node.presence.activity", activity);
  }

  async #report(event: string, payload: object): Promise<void> {
    if (this.#client?.state.kind !== "connected") return;
    await this.#client
      .request("node.event", { event, payloadJSON: JSON.stringify(payload) })
      .catch((error: unknown) => ignore(error, "the connection has ended; the next one tells it again"));
  }

  async #subscribe(): Promise<void> {
    if (Notification.permission !== "granted" || this.#client === undefined) return;
    const { subscribePush } = await import("../visit/push.ts");
    await subscribePush(this.#client, { kind: "node", worker: registration() }).catch((error: unknown) =>
      ignore(error, "without a push service the page has to be in front"),
    );
  }

  async #tellAction({ id, name, surfaceId, sourceComponentId, context }: UserAction): Promise<void> {
    const { instanceId = "", displayName = "" } = nodeInfo();
    const facts = { name, surfaceId, sourceComponentId, context, host: displayName, instanceId };
    const request = { message: canvasActionLine(facts), sessionKey: "main", thinking: "low", deliver: false, key: id };
    const event = { event: "agent.request", payloadJSON: JSON.stringify(request) };
    const isTaken = await this.#isTaken(event);
    const outcome = isTaken ? t("Sent to the agent") : t("The gateway did not take it");
    this.journal.add({ command: `canvas: ${name.slice(0, 60)}`, askedBy: t("You"), outcome, isRefused: !isTaken });
    this.#changed();
    if (!isTaken) throw new Error(outcome);
  }

  async #freshCanvas(): Promise<string | undefined> {
    try {
      const answer: unknown = await this.#client?.request("node.pluginSurface.refresh", { surface: "canvas" });
      const urls = isRecord(answer) ? answer.pluginSurfaceUrls : undefined;
      return isRecord(urls) && typeof urls.canvas === "string" ? urls.canvas : undefined;
    } catch (error) {
      ignore(error, "the address that hello-ok told is all there is");
      return undefined;
    }
  }

  async #isTaken(event: { event: string; payloadJSON: string }): Promise<boolean> {
    try {
      const answer = await this.#client?.request("node.event", event);
      return answer !== undefined && !("handled" in answer && answer.handled === false);
    } catch (error) {
      ignore(error, "the person is told that it did not arrive");
      return false;
    }
  }

  #setState(pageState: NodePageState): void {
    this.pageState = pageState;
    this.#changed();
  }
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
