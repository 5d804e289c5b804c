/**
 * The script that the gateway puts into pages of a canvas: they tell the agent what people do, over the bridges of the A2UI
 * page, and load themselves anew when a file changes. It is served beside the A2UI page, so its own address leads to both
 * sockets, with any capability in the path.
 */
import { checkAction, newId } from "../browser/action.ts";
import { BRANDS, capital, GLOBAL } from "../browser/brands.ts";
import { postToApp } from "../browser/native.ts";
import { Socket } from "../browser/socket.ts";

const source = (document.currentScript as HTMLScriptElement | null)?.src;
let actions: Socket | undefined;

/** Hands a message to whoever shows this page. False when nobody does. */
function postMessage(payload: unknown): boolean {
  try {
    const message = typeof payload === "string" ? JSON.parse(payload) : payload;
    checkAction(message);
    if (postToApp(message)) return true;
    if (parent !== window) {
      parent.postMessage(message, "*");
      return true;
    }
    return overSocket(message);
  } catch (error) {
    console.error(error);
    return false;
  }
}

/** Tells of an action. What it leaves out is filled in. */
function sendUserAction(action: unknown): boolean {
  if (typeof action !== "object" || action === null) return false;
  const filled = { id: newId(), surfaceId: "main", sourceComponentId: "page", timestamp: new Date().toISOString() };
  return postMessage({ userAction: { ...filled, ...action } });
}

/** The socket is opened by the first action, which waits for it. */
function overSocket(message: unknown): boolean {
  if (source === undefined || source === "") return false;
  if (actions?.send(message)) return true;
  if (actions !== undefined) return false;
  actions = new Socket(new URL("ws", source), { message: () => {}, opened: () => actions?.send(message) });
  return true;
}

for (const brand of BRANDS) {
  const own = GLOBAL[capital(brand)];
  const kept = typeof own === "object" && own !== null ? own : {};
  GLOBAL[capital(brand)] = Object.assign(kept, { postMessage, sendUserAction });
  GLOBAL[`${brand}PostMessage`] = postMessage;
  GLOBAL[`${brand}SendUserAction`] = sendUserAction;
}

if (source !== undefined && /^https?:/.test(source)) {
  new Socket(new URL("../ws", source), { message: (data) => data === "reload" && location.reload() });
}
