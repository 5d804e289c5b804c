/** The A2UI page: draws what it is told, and tells what people press, over the bridge of the place where it is shown. */
import { checkAction, newId, type UserAction } from "../browser/action.ts";
import { BRANDS, GLOBAL } from "../browser/brands.ts";
import { isInApp, postToApp } from "../browser/native.ts";
import { Socket } from "../browser/socket.ts";
import { listenToParent, tellParent } from "./frame.ts";
import { defineGlobals } from "./globals.ts";
import { Screen } from "./screen.ts";
import { Status } from "./status.ts";
import { allowStyles } from "./styles.ts";

allowStyles();
const empty = byId("empty");
const status = new Status(byId("status"));
const isFramed = parent !== window;
const screen = new Screen(byId("surfaces"), {
  pressed: ({ name, surfaceId, sourceComponentId, timestamp, context }) =>
    press({
      id: newId(),
      name,
      surfaceId,
      sourceComponentId,
      timestamp,
      ...(Object.keys(context).length > 0 && { context }),
    }),
  mayOpen() {
    if (isFramed) status.closed();
    return !isFramed;
  },
});
let socket: Socket | undefined;

const platform = new URLSearchParams(location.search).get("platform");
if (platform !== null && /^(ios|android|macos)$/.test(platform)) document.documentElement.dataset.platform = platform;

defineGlobals({
  applyMessages(messages: unknown) {
    if (!Array.isArray(messages)) throw new Error("applyMessages takes a list of messages.");
    screen.apply(messages);
    changed();
    return { ok: true, surfaces: screen.ids() };
  },
  reset() {
    screen.reset();
    changed();
    return { ok: true };
  },
  getSurfaces: () => screen.ids(),
  drawing: byId("drawing") as HTMLCanvasElement,
  debug: byId("debug"),
  drawn: () => empty.remove(),
});

for (const brand of BRANDS) {
  addEventListener(`${brand}:a2ui-action-status`, (event) => {
    const { id, ok, error } = ((event as CustomEvent).detail ?? {}) as { id?: string; ok?: boolean; error?: string };
    if (id === undefined) return;
    if (ok === true) status.sent(id);
    else status.failed(id, error);
  });
}

for (const brand of BRANDS) {
  const boot = GLOBAL[`${brand}A2UIBoot`] as { messages?: unknown } | undefined;
  if (Array.isArray(boot?.messages)) screen.apply(boot.messages);
}
changed();

if (isFramed) listenToParent(screen, status, changed);
else if (!isInApp() && /^https?:$/.test(location.protocol)) socket = openSocket();

function openSocket(): Socket {
  const folder = location.pathname.replace(/(\/index\.html|\/)?$/, "/");
  // The query says whose screen is shown.
  return new Socket(new URL(`${folder}ws${location.search}`, location.href), {
    message: (data) => {
      try {
        fromGateway(JSON.parse(data) as FromGateway);
      } catch (error) {
        console.error(error);
      }
    },
    opened: () => status.found(),
    lost: () => status.lost(),
    ended: () => status.ended(),
  });
}

/** What the gateway says on the socket of a plain browser. */
type FromGateway =
  | { readonly type: "surface" | "apply"; readonly messages: readonly unknown[] }
  | { readonly type: "reset" }
  | { readonly type: "actionStatus"; readonly id: string; readonly ok: boolean; readonly error?: string };

function fromGateway(said: FromGateway): void {
  if (said.type === "actionStatus") {
    if (said.ok) status.sent(said.id);
    else status.failed(said.id, said.error);
    return;
  }
  if (said.type === "reset") screen.reset();
  else if (said.type === "surface") screen.replace(said.messages);
  else if (said.type === "apply") screen.apply(said.messages);
  changed();
}

function press(userAction: UserAction): void {
  status.sending(userAction.id);
  try {
    checkAction(userAction);
    if (postToApp({ userAction })) return; // The app says what became of it.
    if (isFramed) tellParent({ userAction });
    else if (!socket?.send({ userAction })) throw new Error("there is no connection to the gateway");
    status.sent(userAction.id);
  } catch (error) {
    status.failed(userAction.id, (error as Error).message);
  }
}

function changed(): void {
  empty.hidden = !screen.isEmpty();
  status.updated();
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
}
