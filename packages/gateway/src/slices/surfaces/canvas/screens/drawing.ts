/** What people and agents do with screens: draw, empty, look back, take back, and press buttons. */
import { GatewayError, ignore, invalidRequest, messageOf } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { LiveNode, NodeDrawing, NodePress } from "../../../core/nodes/nodes.ts";
import type { CanvasServices } from "../canvas-services.ts";
import { canvasChanged } from "../events.ts";
import type { Viewers } from "../host/viewers.ts";
import { checkAction, press, readAction, type UserAction } from "./action.ts";
import { type Author, type Entry, messagesIn } from "./log.ts";
import { NodeScreens, type ShownOnNode } from "./node-screens.ts";
import { surfacesAsked } from "./node-surfaces.ts";
import { pressLimit, TOO_MANY } from "./press-limit.ts";
import { type Pushed, Screens } from "./screens.ts";

/** The screen that something is drawn on, and who draws. */
export interface DrawingTarget {
  readonly sessionKey?: string | undefined;
  /** Only this node. */
  readonly node?: string | undefined;
  readonly author: Author;
  readonly rights: Pick<Caller, "principal" | "scopes">;
  /** Who asks, for the people at nodes. */
  readonly askedBy: string;
}

/** Puts files of a conversation's agent back. */
interface Restoring {
  ofSession(sessionKey: string): { restore(path: string, text: string): void; remove(path: string): void };
}

export class Drawing {
  readonly screens: Screens;
  readonly nodes: NodeScreens;
  readonly #services: CanvasServices;
  readonly #viewers: Viewers;
  /** By connection. */
  readonly #limits = new Map<string, () => boolean>();

  constructor(services: CanvasServices, viewers: Viewers) {
    this.#services = services;
    this.#viewers = viewers;
    this.screens = new Screens(services);
    const { nodes, log, store } = services;
    this.nodes = new NodeScreens({ nodes, log: this.screens.log, lines: log, store });
  }

  /** The conversation that a page draws: the one that is named, else the one that was drawn on last. */
  sessionFor(named: string | null): string {
    const { sessions } = this.#services;
    if (named === null || named === "") return this.screens.log.lastShown() ?? sessions.mainKey();
    try {
      return sessions.canonical(named);
    } catch (error) {
      ignore(error, "a name that is none has shown nothing");
      return sessions.mainKey();
    }
  }

  /** Draws on a screen. Throws `INVALID_REQUEST` with line and reason; nothing has changed then. */
  async push({ sessionKey: named, author, ...asking }: DrawingTarget, pushed: Pushed) {
    const sessionKey = this.#keyOf(named);
    const { entry, surfaces, messages } = await this.screens.push(sessionKey, pushed, author);
    this.#viewers.tell(sessionKey, { type: "apply", messages }, entry.seq);
    this.#services.bus.publish(canvasChanged, { sessionKey, kind: "push", seq: entry.seq, surfaces: [...surfaces] });
    const nodes = await this.nodes.push(entry, asking);
    return { sessionKey, seq: entry.seq, surfaces: [...surfaces], nodes };
  }

  async reset({ sessionKey: named, author, ...asking }: DrawingTarget) {
    const sessionKey = this.#keyOf(named);
    const { seq } = this.screens.reset(sessionKey, author);
    this.#viewers.tell(sessionKey, { type: "reset" }, seq);
    this.#services.bus.publish(canvasChanged, { sessionKey, kind: "reset", seq });
    const nodes: ShownOnNode[] = await this.nodes.reset(asking);
    return { sessionKey, seq, nodes };
  }

  /** Shows a page, or the screen, beside a conversation. Throws `INVALID_REQUEST` for what is no page of the canvas. */
  present(sessionKey: string, url: string | undefined): void {
    const path = url?.replace(/^\/?(?:canvas\/)?/, "");
    if (path !== undefined && /^[a-z][a-z0-9+.-]*:/i.test(path))
      throw invalidRequest(
        "beside a conversation only pages of your folder canvas/ are shown; name a node for other addresses",
      );
    this.#services.bus.publish(canvasChanged, { sessionKey, kind: "present", ...(path ? { path } : {}) });
  }

  hide(sessionKey: string): void {
    this.#services.bus.publish(canvasChanged, { sessionKey, kind: "hide" });
  }

  history({ sessionKey: named, limit = 50, before }: { sessionKey?: string; limit?: number; before?: number }) {
    const sessionKey = this.#keyOf(named);
    return { sessionKey, entries: this.screens.log.page(sessionKey, { limit, before }).map(viewOf) };
  }

  async replay({ sessionKey: named, at }: { sessionKey?: string; at?: number }) {
    const sessionKey = this.#keyOf(named);
    const { seq, surfaces, messages } = await this.screens.screen(sessionKey, at);
    return { sessionKey, seq, surfaces: [...surfaces], messages: [...messages] };
  }

  /** Takes back the newest entry. Throws `INVALID_REQUEST` when there is none, or it cannot be taken back. */
  undo(named: string | undefined, files: Restoring) {
    const sessionKey = this.#keyOf(named);
    const entry = this.screens.log.newestUndoable(sessionKey);
    if (!entry) throw invalidRequest("there is nothing to take back on this canvas");
    if (entry.kind === "edit") takeBack(entry, files.ofSession(sessionKey));
    const { seq } = this.screens.undo(entry, "person");
    if (entry.kind !== "edit") this.#viewers.redraw(sessionKey);
    const { bus, notices } = this.#services;
    bus.publish(canvasChanged, { sessionKey, kind: "undo", seq });
    const text = `a person took back entry ${entry.seq} of your canvas: ${summaryOf(entry)}`;
    notices.add(sessionKey, { text, from: { kind: "event", id: "the canvas" } });
    return { sessionKey, undone: viewOf({ ...entry, undoneBy: seq }), seq };
  }

  /** Takes an action that a client passes on. Throws `INVALID_REQUEST`. */
  act(named: string | undefined, userAction: unknown): { runId: string } {
    return { runId: this.#press(this.#keyOf(named), checkAction(userAction)) };
  }

  /** Takes what a page sent over its socket; what the page is told of it. `refusal` is why it is not taken, if so. */
  acted(sessionKey: string, text: string, refusal: string | undefined): object {
    let action: UserAction | undefined;
    try {
      action = readAction(text);
      if (refusal !== undefined) return { type: "actionStatus", id: action.id, ok: false, error: refusal };
      this.#press(sessionKey, action);
      return { type: "actionStatus", id: action.id, ok: true };
    } catch (error) {
      if (!(error instanceof GatewayError)) this.#services.log.error("an action of a page failed", { error });
      return { type: "actionStatus", id: action?.id, ok: false, error: messageOf(error) };
    }
  }

  /**
   * Takes a press on a surface of a node, for the conversation that drew it; what the canvas did not draw is the main
   * conversation's. Throws `INVALID_REQUEST`, and `UNAVAILABLE` when there are too many.
   */
  pressed({ caller: { connId, deviceId } }: LiveNode, press: NodePress): void {
    const isInTime = this.#limits.get(connId) ?? pressLimit(this.#services.clock);
    this.#limits.set(connId, isInTime);
    const action = checkAction(press);
    if (!isInTime()) throw new GatewayError("UNAVAILABLE", TOO_MANY, { retryable: true, retryAfterMs: 1_000 });
    const sessionKey = this.nodes.surfaces.sessionOf(deviceId, action.surfaceId) ?? this.#services.sessions.mainKey();
    // Ids are the page's own: those of two nodes are two presses.
    this.#press(sessionKey, { ...action, ...(action.id !== undefined && { id: `${deviceId} ${action.id}` }) });
  }

  /** A conversation was deleted; pages that show its screen show an empty one. */
  deleted(sessionKey: string): void {
    this.screens.forget(sessionKey);
    this.nodes.surfaces.forget(sessionKey);
    this.#viewers.tell(sessionKey, { type: "reset" });
  }

  /**
   * A call of a client draws on a node, for the conversation that it names. Call the result when the node did not do it. Throws
   * `INVALID_REQUEST` for a name that is no conversation.
   */
  asked({ nodeId, command, params, sessionKey: named }: NodeDrawing): () => void {
    const sessionKey = this.#services.sessions.canonical(named);
    return this.nodes.surfaces.drawn(nodeId, surfacesAsked(command, params), sessionKey);
  }

  /** A connection of a node has ended. */
  closed(connId: string): void {
    this.#limits.delete(connId);
  }

  #press(sessionKey: string, action: UserAction): string {
    const { agent, agents } = this.#services;
    const timeoutMs = agents.settings.defaults.timeoutSeconds * 1_000;
    return press({ agent, sessionKey, timeoutMs }, action, newId());
  }

  #keyOf(named: string | undefined): string {
    const { sessions } = this.#services;
    return named === undefined ? sessions.mainKey() : sessions.canonical(named);
  }
}

function takeBack({ path = "", before, restores }: Entry, files: ReturnType<Restoring["ofSession"]>): void {
  if (restores === "remove") files.remove(path);
  else if (restores === "text" && before !== undefined) files.restore(path, before);
  else throw invalidRequest(`the earlier content of ${path} is not kept, so its change cannot be taken back`);
}

function viewOf(entry: Entry) {
  const { seq, at, kind, author, path, body, bytes, undoneBy } = entry;
  return {
    ...{ seq, at, kind, author, summary: summaryOf(entry), bytes },
    ...(path !== undefined && { path }),
    ...(kind === "edit" && { diff: body }),
    ...(undoneBy !== undefined && { undoneBy }),
  };
}

/** What an entry did, in one line. */
function summaryOf(entry: Entry): string {
  switch (entry.kind) {
    case "push":
      return `drew ${counted(messagesIn(entry).length, "message")}`;
    case "base":
      return `what earlier entries drew: ${counted(messagesIn(entry).length, "message")}`;
    case "reset":
      return "emptied the screen";
    case "undo":
      return `took back entry ${entry.body}`;
    case "edit":
      return `changed ${entry.path}`;
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
