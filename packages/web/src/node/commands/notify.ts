// Notifications: by the page's worker, which phones insist on, else by the page itself.

import { t } from "../../words/t.ts";
import { registration } from "../worker.ts";
import type { NodeCommand } from "./command.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { textIn } from "./params.ts";

const MAX_CHARS = 2_000;

export const systemNotify: NodeCommand = {
  ...{ name: "system.notify", cap: "notifications", worksHidden: true },
  asksFor: () => t("a notification to be shown"),
  async run({ params }) {
    const title = textIn(params, "title")?.trim() ?? "";
    const body = textIn(params, "body")?.trim() ?? "";
    if (title === "" && body === "") throw badParams("say something in title or body");
    const priority = textIn(params, "priority");
    if (Notification.permission !== "granted")
      throw new NodeFailure(
        "NOTIFICATION_PERMISSION_REQUIRED",
        "the browser does not let this page notify; allow it in the browser's settings for this page",
      );
    await show(title.slice(0, MAX_CHARS) || "moltbot", {
      ...{ body: body.slice(0, MAX_CHARS), icon: "/icon-192.png", tag: crypto.randomUUID() },
      ...{ silent: priority === "passive", requireInteraction: priority === "timeSensitive" },
    });
    return {};
  },
};

async function show(title: string, options: NotificationOptions): Promise<void> {
  const worker = await registration();
  try {
    if (worker) await worker.showNotification(title, options);
    else new Notification(title, options);
  } catch {
    throw new NodeFailure(
      "NOTIFICATION_UNAVAILABLE",
      "this browser shows none without a service worker, and allows that only under a certificate that it trusts",
    );
  }
}
