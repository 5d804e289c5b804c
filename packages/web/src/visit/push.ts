// Web Push: subscribes this browser at its vendor's push service, so that the gateway can call while the page is closed.
// Loaded when notifications are on.

import type { GatewayClient } from "@moltbot/protocol";

/** The requests to the gateway. */
type Asks = Pick<GatewayClient, "request">;

/** What WebChat and the page of nodes ask, each by its own right. */
const METHODS = {
  web: { key: "push.web.vapidPublicKey", subscribe: "push.web.subscribe" },
  node: { key: "push.node.vapidPublicKey", subscribe: "push.node.subscribe" },
} as const;

/** Which page subscribes, and its worker: WebChat's unless it says otherwise. */
interface Subscriber {
  readonly kind: "web" | "node";
  readonly worker: Promise<ServiceWorkerRegistration | undefined>;
}

/** Subscribes, or tells the gateway again of what there is. Throws where the browser has no push service. */
export async function subscribePush(gateway: Asks, subscriber?: Subscriber): Promise<void> {
  const { kind, worker } = subscriber ?? { kind: "web", worker: navigator.serviceWorker.ready };
  const pushManager = (await worker)?.pushManager;
  if (pushManager === undefined) throw new Error("this page has no worker");
  const { vapidPublicKey } = await gateway.request(METHODS[kind].key);
  const known = await pushManager.getSubscription();
  const isOurs = known !== null && keyOf(known) === vapidPublicKey;
  if (known !== null && !isOurs) await known.unsubscribe(); // the gateway has another key since
  const options = { userVisibleOnly: true, applicationServerKey: vapidPublicKey };
  const { endpoint, keys = {} } = (isOurs ? known : await pushManager.subscribe(options)).toJSON();
  const { p256dh = "", auth = "" } = keys;
  await gateway.request(METHODS[kind].subscribe, { endpoint: endpoint ?? "", keys: { p256dh, auth } });
}

/** Ends the subscription here and at the gateway. */
export async function unsubscribePush(gateway: Asks): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const known = await pushManager.getSubscription();
  if (known === null) return;
  await gateway.request("push.web.unsubscribe", { endpoint: known.endpoint });
  await known.unsubscribe();
}

/** Ends the subscription here alone; the push service then tells the gateway so. */
export async function leavePush(): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe();
}

/** The key that a subscription was made with, in base64url. */
function keyOf({ options }: PushSubscription): string {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
