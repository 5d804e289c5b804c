// Notifications in browsers that have none: the small headless build of Chromium says that they are denied. What a page or
// its worker shows is then kept where the page finds it, as browsers do.

import type { BrowserContext } from "playwright-core";

const CHANNEL = "shown-notifications";

/** In the page. Where the browser has notifications, nothing is changed. */
const IN_PAGE = `if (Notification.permission === "denied") {
  let shown = [];
  const keep = (title, { body = "", tag = "", data = null } = {}) => {
    const fields = Object.entries({ title, body, tag, data }).map(([name, value]) => [name, { value }]);
    shown = [...shown.filter((each) => tag === "" || each.tag !== tag), Object.create(Notification.prototype, Object.fromEntries(fields))];
  };
  Object.defineProperty(Notification, "permission", { get: () => "granted" });
  Notification.requestPermission = async () => "granted";
  Notification.prototype.close = function () { shown = shown.filter((each) => each !== this); };
  ServiceWorkerRegistration.prototype.showNotification = async (title, options) => keep(title, options);
  ServiceWorkerRegistration.prototype.getNotifications = async ({ tag } = {}) => shown.filter((each) => tag === undefined || each.tag === tag);
  new BroadcastChannel("${CHANNEL}").onmessage = ({ data: [title, options] }) => keep(title, options);
}`;

const IN_WORKER = `if (Notification.permission === "denied") {
  const channel = new BroadcastChannel("${CHANNEL}");
  self.registration.showNotification = async (title, options) => channel.postMessage([title, options]);
}`;

/** Gives the windows of a context notifications. */
export async function withNotifications(context: BrowserContext): Promise<void> {
  await context.addInitScript(IN_PAGE);
}

/** Gives the workers of a context notifications; call it when they are there. */
export async function withNotificationsInWorkers(context: BrowserContext): Promise<void> {
  for (const worker of context.serviceWorkers()) await worker.evaluate(IN_WORKER);
}
