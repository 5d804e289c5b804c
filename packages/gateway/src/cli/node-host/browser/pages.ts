/** Actions on the pages of the controlled browser: open, read, click and type. */
import { isRecord } from "../../../base/config/config.ts";
import { newId } from "../../../base/ids.ts";
import { badParams, NodeFailure } from "../failure.ts";
import { type Params, positive, requiredText, text } from "../params.ts";
import type { ControlledBrowser, Tab } from "./controlled-browser.ts";
import type { CdpObject } from "./pipe.ts";

/** A file of an answer. */
export interface AnswerFile {
  readonly path: string;
  readonly base64: string;
  readonly mimeType: string;
}

/** A refusal in the words of a web server, as callers of `browser.proxy` read it. */
export function refusal(status: number, why: string): NodeFailure {
  return new NodeFailure("INVALID_REQUEST", `Error: ${status}: ${why}`);
}

/** The largest file of an answer, bytes. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const MAX_NODES = 2_000;
const MAX_NAME_CHARS = 500;
/** A page that goes on loading is answered nevertheless, ms. */
const LOAD_MS = 10_000;

/** Keys that have a name; others are typed as the letters that they are. */
const KEYS: Readonly<Record<string, number>> = {
  ...{ Backspace: 8, Tab: 9, Enter: 13, Escape: 27, PageUp: 33, PageDown: 34, End: 35, Home: 36 },
  ...{ ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Delete: 46 },
};

export class Pages {
  readonly #browser: ControlledBrowser;
  /** What the names of a tab's last snapshot stand for. */
  readonly #refs = new Map<string, ReadonlyMap<string, number>>();
  #front: string | undefined;

  constructor(browser: ControlledBrowser) {
    this.#browser = browser;
  }

  async open(params: Params, signal: AbortSignal): Promise<object> {
    const url = await this.#address(params, signal);
    const { targetId } = await this.#browser.send("Target.createTarget", { url: "about:blank" }, { signal });
    this.#front = String(targetId);
    await this.#load(this.#front, url, signal);
    return await this.tab(this.#front, signal);
  }

  async navigate(params: Params, signal: AbortSignal): Promise<object> {
    const { targetId } = await this.#chosen(params, signal);
    await this.#load(targetId, await this.#address(params, signal), signal);
    return { ok: true, ...(await this.tab(targetId, signal)) };
  }

  async close(targetId: string, signal: AbortSignal): Promise<object> {
    await this.tab(targetId, signal);
    await this.#browser.close(targetId, signal);
    this.#refs.delete(targetId);
    if (this.#front === targetId) this.#front = undefined;
    return { ok: true };
  }

  async focus(params: Params, signal: AbortSignal): Promise<object> {
    const { targetId } = await this.tab(requiredText(params, "targetId"), signal);
    await this.#browser.send("Target.activateTarget", { targetId }, { signal });
    this.#front = targetId;
    return { ok: true };
  }

  async screenshot(params: Params, signal: AbortSignal): Promise<{ result: object; files: AnswerFile[] }> {
    const { targetId, url } = await this.#chosen(params, signal);
    const type = text(params, "type") ?? "png";
    if (type !== "png" && type !== "jpeg") throw badParams("type must be png or jpeg");
    const captureBeyondViewport = params.fullPage === true;
    const { data } = await this.#send(
      targetId,
      "Page.captureScreenshot",
      { format: type, captureBeyondViewport },
      signal,
    );
    const base64 = String(data);
    if ((base64.length * 3) / 4 > MAX_FILE_BYTES)
      throw refusal(413, "the picture is larger than 10 MiB; use type jpeg");
    const path = `screenshot-${newId()}.${type}`;
    return { result: { ok: true, path, targetId, url }, files: [{ path, base64, mimeType: `image/${type}` }] };
  }

  /** What is on the page in roles and names; `ref` names an element until the next snapshot of its tab. */
  async snapshot(params: Params, signal: AbortSignal): Promise<object> {
    const format = text(params, "format") ?? "aria";
    if (format !== "aria") throw badParams("format must be aria");
    const { targetId, url, title } = await this.#chosen(params, signal);
    const { nodes: all } = await this.#send(targetId, "Accessibility.getFullAXTree", {}, signal);
    const refs = new Map<string, number>();
    const limit = Math.min(positive(params, "limit") ?? MAX_NODES, MAX_NODES);
    const nodes = shown(Array.isArray(all) ? all.filter(isRecord) : [], refs);
    this.#refs.set(targetId, refs);
    const isCut = nodes.length > limit;
    return { ok: true, format, targetId, url, title, nodes: nodes.slice(0, limit), ...(isCut && { truncated: true }) };
  }

  /** Does what a person does with a mouse and keys: `click`, `type`, `press`. */
  async act(params: Params, signal: AbortSignal): Promise<object> {
    const { targetId } = await this.#chosen(params, signal);
    const kind = requiredText(params, "kind");
    if (kind === "click") await this.#click(targetId, params, signal);
    else if (kind === "type") await this.#type(targetId, params, signal);
    else if (kind === "press") await this.#press(targetId, requiredText(params, "key"), signal);
    else throw badParams("kind must be click, type or press");
    return { ok: true, targetId };
  }

  /** One tab. Rejects with 404 when there is none of that id. */
  async tab(targetId: string, signal: AbortSignal): Promise<Tab> {
    const found = (await this.#browser.tabs(signal)).find((each) => each.targetId === targetId);
    if (!found) throw refusal(404, "there is no tab of that targetId; GET /tabs lists them");
    return found;
  }

  /** The tab that is named, else the one that was opened or chosen last. */
  async #chosen(params: Params, signal: AbortSignal): Promise<Tab> {
    const named = text(params, "targetId");
    if (named !== undefined) return await this.tab(named, signal);
    const tabs = await this.#browser.tabs(signal);
    const chosen = tabs.find(({ targetId }) => targetId === this.#front) ?? tabs[0];
    if (!chosen) throw refusal(409, "no tab is open; POST /tabs/open with a url opens one");
    return chosen;
  }

  async #address(params: Params, signal: AbortSignal): Promise<URL> {
    const url = URL.parse(requiredText(params, "url"));
    if (!url) throw badParams("url must be an address such as https://example.org/page");
    if (url.protocol !== "https:" && url.protocol !== "http:") throw refusal(403, "only http: and https: are opened");
    if (url.username !== "" || url.password !== "") throw refusal(403, "an address must not carry a name or password");
    await this.#browser.requireReachable(url, signal);
    return url;
  }

  async #load(targetId: string, url: URL, signal: AbortSignal): Promise<void> {
    // Asking the tab first joins it, so that it is heard when the page has loaded.
    await this.#send(targetId, "Page.enable", {}, signal);
    const loaded = this.#browser.loaded(targetId);
    const { errorText, isDownload, loaderId } = await this.#send(targetId, "Page.navigate", { url: url.href }, signal);
    if (isDownload === true) throw refusal(403, "it is a download; nothing is downloaded");
    if (typeof errorText === "string" && errorText !== "")
      throw refusal(502, `${url.host} could not be opened (${errorText.replace(/[^\w:]+/g, " ").slice(0, 80)})`);
    if (loaderId === undefined) return; // another place of the page that is there: nothing is loaded
    const late = AbortSignal.any([signal, AbortSignal.timeout(LOAD_MS)]);
    const over = Promise.withResolvers<void>();
    late.addEventListener("abort", () => over.resolve(), { once: true });
    await Promise.race([loaded, over.promise]);
    signal.throwIfAborted();
  }

  async #click(targetId: string, params: Params, signal: AbortSignal): Promise<void> {
    const backendNodeId = this.#element(targetId, params);
    await this.#send(targetId, "DOM.scrollIntoViewIfNeeded", { backendNodeId }, signal);
    const { model } = await this.#send(targetId, "DOM.getBoxModel", { backendNodeId }, signal);
    const corners = isRecord(model) && Array.isArray(model.content) ? model.content.map(Number) : [];
    const middle = (from: number) => [0, 2, 4, 6].reduce((sum, at) => sum + (corners[from + at] ?? 0), 0) / 4;
    const at = { x: middle(0), y: middle(1), button: "left", clickCount: params.doubleClick === true ? 2 : 1 };
    await this.#send(targetId, "Input.dispatchMouseEvent", { type: "mouseMoved", ...at, button: "none" }, signal);
    for (const type of ["mousePressed", "mouseReleased"])
      await this.#send(targetId, "Input.dispatchMouseEvent", { type, ...at }, signal);
  }

  async #type(targetId: string, params: Params, signal: AbortSignal): Promise<void> {
    const backendNodeId = this.#element(targetId, params);
    await this.#send(targetId, "DOM.focus", { backendNodeId }, signal);
    await this.#send(targetId, "Input.insertText", { text: text(params, "text") ?? "" }, signal);
    if (params.submit === true) await this.#press(targetId, "Enter", signal);
  }

  async #press(targetId: string, key: string, signal: AbortSignal): Promise<void> {
    const code = KEYS[key];
    if (code === undefined && [...key].length !== 1)
      throw badParams(`key must be one letter or one of ${Object.keys(KEYS).join(", ")}`);
    const letters = key === "Enter" ? "\r" : code === undefined ? key : undefined;
    const keys = { key, windowsVirtualKeyCode: code ?? 0, ...(letters !== undefined && { text: letters }) };
    await this.#send(targetId, "Input.dispatchKeyEvent", { type: letters ? "keyDown" : "rawKeyDown", ...keys }, signal);
    await this.#send(targetId, "Input.dispatchKeyEvent", { type: "keyUp", key }, signal);
  }

  #element(targetId: string, params: Params): number {
    const ref = requiredText(params, "ref");
    const found = this.#refs.get(targetId)?.get(ref);
    if (found === undefined) throw refusal(404, `there is no element ${ref.slice(0, 40)}; GET /snapshot names them`);
    return found;
  }

  async #send(tab: string, method: string, params: CdpObject, signal: AbortSignal): Promise<CdpObject> {
    return await this.#browser.send(method, params, { tab, signal });
  }
}

/** The tree from the top, without what says nothing; elements that can be named get a ref. */
function shown(all: readonly Record<string, unknown>[], refs: Map<string, number>) {
  const byId = new Map(all.map((each) => [each.nodeId, each]));
  const nodes: { ref: string; role: string; name: string; value?: string; depth: number }[] = [];
  const seen = new Set<unknown>();
  // A stack and no recursion: pages may be very deep.
  const left = all.filter(({ parentId }) => parentId === undefined).map((node) => ({ node, depth: 0 }));
  for (let next = left.pop(); next; next = left.pop()) {
    const { node, depth } = next;
    if (seen.has(node.nodeId)) continue;
    seen.add(node.nodeId);
    const role = wordsOf(node.role);
    const name = wordsOf(node.name);
    const isShown =
      node.ignored !== true && role !== "" && !(UNNAMED.has(role) && name === "") && role !== "InlineTextBox";
    if (isShown) {
      const ref = `e${nodes.length + 1}`;
      const value = wordsOf(node.value);
      if (typeof node.backendDOMNodeId === "number") refs.set(ref, node.backendDOMNodeId);
      nodes.push({ ref, role, name, ...(value !== "" && { value }), depth });
    }
    const children = Array.isArray(node.childIds) ? node.childIds : [];
    for (const id of children.toReversed()) {
      const child = byId.get(id);
      if (child) left.push({ node: child, depth: isShown ? depth + 1 : depth });
    }
  }
  return nodes;
}

const UNNAMED: ReadonlySet<string> = new Set(["none", "generic", "paragraph", "LineBreak"]);

function wordsOf(value: unknown): string {
  const said = isRecord(value) ? value.value : undefined;
  return typeof said === "string" || typeof said === "number"
    ? String(said).slice(0, MAX_NAME_CHARS).toWellFormed()
    : "";
}
