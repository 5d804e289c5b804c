/** Web Push: calls the browsers of paired devices for approvals and replies while no page of theirs is in view. */
import { createECDH } from "node:crypto";
import { GatewayError, ignore, invalidRequest } from "../../../base/errors.ts";
import { hostAndPort } from "../../../base/net/host-and-port.ts";
import { type Caller, hasScope, type Scope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import { chat as chatEvent } from "../../agent/agent/events.ts";
import type { ChatPayload } from "../../agent/agent/schema.ts";
import { approvalRequested, approvalResolved } from "../../agent/approvals/events.ts";
import type { PendingApprovalShape } from "../../agent/approvals/schema.ts";
import type { Devices } from "../../core/devices/devices.ts";
import type { NodeWaker } from "../../core/nodes/nodes.ts";
import { type Delivered, deliver, type Notice, type Urgency } from "./deliver.ts";
import { type PushSettings, push as pushSettings } from "./settings.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";
import { Vapid } from "./vapid.ts";

export interface PushServices extends Base {
  readonly devices: Devices;
  readonly agent: Agent;
}

/** A subscription as a browser gives it; keys in base64url. */
interface NewSubscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** What became of a test. */
export interface PushTest {
  readonly sent: number;
  /** Why the others were not taken, in sentences. */
  readonly problems: string[];
}

/** The beginning of a reply or a command that a notification shows, in characters. */
const PREVIEW_CHARS = 160;
/** A node is called while something waits for it, which may be a call that waits for hours. */
const WAKE: Urgency = { ttlSeconds: 3_600, urgency: "high" };
/** A node is called at most this often, ms. */
const WAKE_EVERY_MS = 60_000;
/** A reply is worth being told of for half a day. */
const REPLY: Urgency = { ttlSeconds: 12 * 3_600, urgency: "normal" };
/** The pauses before a message is tried again, ms. */
const RETRY_AFTER_MS = [3_000, 15_000];

export class Push implements AsyncDisposable, NodeWaker {
  readonly #services: PushServices;
  readonly #subscriptions: Subscriptions;
  readonly #ending = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  /** The devices whose pages are in view, by connection. */
  readonly #looking = new Map<string, string>();
  /** Which subscriptions were called for an approval that waits. */
  readonly #called = new Map<string, { readonly expiresAtMs: number; readonly endpoints: ReadonlySet<string> }>();
  /** When nodes were called last, by their ids, on the monotonic clock. */
  readonly #wokenAt = new Map<string, number>();
  readonly #listening = new DisposableStack();
  #vapid: Vapid | undefined;

  constructor(services: PushServices) {
    const { bus, devices, store } = services;
    this.#services = services;
    this.#subscriptions = new Subscriptions(store);
    this.#listening.use(bus.on(approvalRequested, (approval) => this.#onApproval(approval)));
    this.#listening.use(bus.on(approvalResolved, (answer) => this.#onAnswered(answer)));
    this.#listening.use(bus.on(chatEvent, (event) => this.#onChat(event)));
    this.#listening.use(devices.observers.add({ ended: (deviceId) => this.#subscriptions.removeOf(deviceId) }));
  }

  /** The key that a browser subscribes with: an uncompressed point of P-256 in base64url. */
  get publicKey(): string {
    return this.#key.publicKey;
  }

  /** Keeps where the caller's browser is reached. Throws `INVALID_REQUEST` when it is not a subscription. */
  subscribe(caller: Caller, { endpoint, keys }: NewSubscription): void {
    const deviceId = requireDevice(caller);
    requireEndpoint(endpoint, this.#settings);
    requireKeys(keys);
    this.#subscriptions.add({ endpoint, deviceId, ...keys }, this.#services.clock.now());
  }

  /** Forgets one subscription of the caller's device, or all; returns how many there were. */
  unsubscribe(caller: Caller, endpoint: string | undefined): number {
    return this.#subscriptions.removeOf(requireDevice(caller), endpoint);
  }

  /** Calls the caller's own browsers at once. Throws `INVALID_REQUEST` when there are none. */
  async test(caller: Caller): Promise<PushTest> {
    const all = this.#subscriptions.of(requireDevice(caller));
    if (!this.#settings.enabled) throw invalidRequest("push is switched off; set push.enabled to true");
    if (all.length === 0) throw invalidRequest("this device has no subscription; switch notifications on in its page");
    const notice = { title: "Moltbot", text: "Notifications of this browser work.", tag: "test" };
    const outcomes = await Promise.all(all.map((each) => this.#deliver(notice, each, REPLY)));
    const problems = outcomes.flatMap((each) => problemOf(each) ?? []);
    return { sent: outcomes.length - problems.length, problems };
  }

  /**
   * Calls the page of a node to the front; whether there was a way to call it. One that was called a moment ago is not called
   * again.
   */
  wake(nodeId: string): boolean {
    const { clock, devices } = this.#services;
    const subscriptions = this.#subscriptions.of(nodeId);
    if (!this.#settings.enabled || subscriptions.length === 0) return false;
    if (!devices.isPaired(nodeId, "node")) {
      this.#subscriptions.removeOf(nodeId);
      return false;
    }
    const now = clock.monotonic();
    if (now - (this.#wokenAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) < WAKE_EVERY_MS) return true;
    this.#wokenAt.set(nodeId, now);
    const notice = {
      title: "Your gateway needs this browser",
      text: "Something was asked of it. Open its page.",
      tag: "wake",
    };
    for (const subscription of subscriptions) this.#send(notice, subscription, WAKE);
    return true;
  }

  /** Notes whether a page of the caller is in view; the end of its connection says that it is not. */
  looking({ connId, deviceId }: Caller, isLooking: boolean, closed: AbortSignal): void {
    if (deviceId === undefined || !isLooking || closed.aborted) return void this.#looking.delete(connId);
    if (!this.#looking.has(connId))
      closed.addEventListener("abort", () => void this.#looking.delete(connId), { once: true });
    this.#looking.set(connId, deviceId);
  }

  /** Ends what is being sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening.dispose();
    this.#ending.abort(new GatewayError("UNAVAILABLE", "the gateway stops"));
    await Promise.all(this.#sending);
  }

  #onApproval({ id, request, expiresAtMs }: PendingApprovalShape): void {
    const { command, sessionKey } = request;
    const ttlSeconds = Math.max(0, Math.ceil((expiresAtMs - this.#services.clock.now()) / 1_000));
    const notice = { title: "A command waits for your approval", text: command, tag: id };
    const urgency = { ttlSeconds, urgency: "high" } as const;
    const called = this.#call({ ...notice, ...(sessionKey && { sessionKey }) }, urgency, "operator.approvals");
    this.#remember(id, { expiresAtMs, endpoints: new Set(called.map(({ endpoint }) => endpoint)) });
  }

  /** No event tells that the time to answer is over. */
  #remember(id: string, call: { expiresAtMs: number; endpoints: ReadonlySet<string> }): void {
    const now = this.#services.clock.now();
    for (const [each, { expiresAtMs }] of this.#called) if (expiresAtMs <= now) this.#called.delete(each);
    if (call.endpoints.size > 0) this.#called.set(id, call);
  }

  /**
   * Takes a call back: what waits at the push service is replaced, and so is what a browser shows. A browser must show
   * something for each message, so it says quietly what was decided.
   */
  #onAnswered({ id, decision }: { readonly id: string; readonly decision: string }): void {
    const call = this.#called.get(id);
    this.#called.delete(id);
    if (call === undefined) return;
    const ttlSeconds = Math.max(0, Math.ceil((call.expiresAtMs - this.#services.clock.now()) / 1_000));
    const title = decision === "deny" ? "A command was denied" : "A command was allowed";
    const notice = { title, text: "It no longer waits for you.", tag: id, isQuiet: true } as const;
    for (const subscription of this.#subscriptions.all())
      if (call.endpoints.has(subscription.endpoint))
        this.#send(notice, subscription, { ttlSeconds, urgency: "normal" });
  }

  /** A reply in a chat window; people on channels are told by their own apps. */
  #onChat({ runId, sessionKey, state, message, stopReason }: ChatPayload): void {
    if (state !== "final" || stopReason === "merged") return;
    const record = this.#services.agent.runs.record(runId);
    if (record?.source !== "chat.send") return;
    const { deviceId } = record.request.starter;
    if (deviceId !== undefined && this.#isLooking(deviceId)) return; // whoever asked has seen it
    const text = textOf(message?.content);
    this.#call({ title: "A reply has come", text, tag: runId, sessionKey }, REPLY, "operator.read");
  }

  /** Calls every subscribed device that may see this, and has no page in view; returns whom. */
  #call(notice: Notice, urgency: Urgency, scope: Scope): Subscription[] {
    const { enabled, preview } = this.#settings;
    if (!enabled) return [];
    const called: Subscription[] = [];
    const text = preview ? shortened(this.#services.guard(notice.text)) : "";
    for (const subscription of this.#subscriptions.all()) {
      const scopes = this.#services.devices.operatorScopes(subscription.deviceId);
      if (scopes === undefined) this.#dropUnlessNode(subscription.deviceId);
      else if (hasScope(new Set(scopes), scope) && !this.#isLooking(subscription.deviceId)) {
        this.#send({ ...notice, text }, subscription, urgency);
        called.push(subscription);
      }
    }
    return called;
  }

  /** A device that is a node and no operator keeps its subscription: it is called when it is needed, and for nothing else. */
  #dropUnlessNode(deviceId: string): void {
    if (!this.#services.devices.isPaired(deviceId, "node")) this.#subscriptions.removeOf(deviceId);
  }

  #send(notice: Notice, to: Subscription, urgency: Urgency): void {
    const sending = this.#insist(notice, to, urgency)
      .catch((error: unknown) => ignore(error, "the gateway stops"))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Tries again for a while, as long as the message is worth something. */
  async #insist(notice: Notice, to: Subscription, urgency: Urgency): Promise<void> {
    const { clock, log } = this.#services;
    const { signal } = this.#ending;
    let outcome = await this.#deliver(notice, to, urgency);
    let waited = 0;
    for (const pauseMs of RETRY_AFTER_MS) {
      waited += pauseMs;
      if (outcome.kind !== "later" || waited > urgency.ttlSeconds * 1_000) break;
      await clock.sleep(pauseMs, signal);
      if (urgency.urgency === "high" && !this.#called.has(notice.tag)) return; // answered meanwhile
      outcome = await this.#deliver(notice, to, urgency);
    }
    const problem = problemOf(outcome);
    if (problem !== undefined) log.warn("a notification did not get through", { problem });
  }

  async #deliver(notice: Notice, to: Subscription, urgency: Urgency): Promise<Delivered> {
    const { clock, log } = this.#services;
    const { signal } = this.#ending;
    const delivery = { ...urgency, vapid: this.#key, clock, settings: this.#settings, signal };
    const outcome = await deliver(notice, to, delivery);
    if (outcome.kind === "gone") {
      this.#subscriptions.remove(to.endpoint);
      log.info("a browser no longer wants notifications", { device: to.deviceId.slice(0, 12) });
    }
    return outcome;
  }

  #isLooking(deviceId: string): boolean {
    return this.#looking.values().some((each) => each === deviceId);
  }

  get #settings(): PushSettings {
    return this.#services.config.of(pushSettings).current;
  }

  get #key(): Vapid {
    this.#vapid ??= new Vapid(this.#services.stateDir);
    return this.#vapid;
  }
}

function requireDevice({ deviceId }: Caller): string {
  if (deviceId !== undefined) return deviceId;
  throw invalidRequest("notifications belong to a paired device; open WebChat over https: or on this machine");
}

function requireEndpoint(endpoint: string, { allowPrivateHosts = [] }: PushSettings): void {
  const url = URL.parse(endpoint);
  if (url === null) throw invalidRequest("endpoint is not the address of a push service");
  if (url.username !== "" || url.password !== "") throw invalidRequest("endpoint must not carry a name or password");
  if (url.protocol === "https:") return;
  if (url.protocol === "http:" && allowPrivateHosts.includes(hostAndPort(url))) return;
  throw invalidRequest("endpoint must be an https: address; see push.allowPrivateHosts for a push service of your own");
}

/** Sizes and curve as RFC 8291 section 2 and 3.2 ask for. */
function requireKeys({ p256dh, auth }: NewSubscription["keys"]): void {
  if (Buffer.from(auth, "base64url").byteLength !== 16) throw invalidRequest("keys.auth must be 16 bytes in base64url");
  if (!isPoint(Buffer.from(p256dh, "base64url")))
    throw invalidRequest("keys.p256dh must be an uncompressed point of P-256 in base64url");
}

function isPoint(key: Buffer): boolean {
  if (key.byteLength !== 65 || key[0] !== 4) return false;
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  try {
    return pair.computeSecret(key).byteLength > 0;
  } catch {
    return false; // not on the curve
  }
}

function problemOf(outcome: Delivered): string | undefined {
  if (outcome.kind === "sent") return undefined;
  return outcome.kind === "gone" ? "the subscription has ended; switch notifications on again" : outcome.why;
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content.flatMap((part) => (part?.type === "text" ? [String(part.text)] : [])).join("\n");
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= PREVIEW_CHARS ? line : `${line.slice(0, PREVIEW_CHARS).toWellFormed()}…`;
}
