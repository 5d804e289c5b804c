/** BlueBubbles calls us when something happens: the address that it is given, and who may use it. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ChannelState, Webhook, WebhookRequest } from "../../../kit/channel.ts";
import type { BlueBubblesApi } from "./api.ts";

const EVENTS = ["new-message", "updated-message"];
const SECRET_KEY = "webhookSecret";

/** The word that a caller must know; made once for each account. */
export function hookSecret(state: ChannelState): string {
  const known = state.get(SECRET_KEY);
  if (known) return known;
  const secret = randomBytes(24).toString("base64url");
  state.write({ [SECRET_KEY]: secret });
  return secret;
}

/** A webhook for callers that know the secret; what they say is handed to `told`. */
export function hookFor(secret: string, told: (event: unknown) => Promise<number>): Webhook {
  const expected = digest(secret);
  return {
    authorized: ({ query }: WebhookRequest) => timingSafeEqual(digest(query.get("secret") ?? ""), expected),
    async handle(body) {
      try {
        return await told(JSON.parse(Buffer.from(body).toString("utf8")));
      } catch (error) {
        if (error instanceof SyntaxError) return 400;
        throw error;
      }
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Makes the server call `address`, and no longer an older address of the same path. Throws `ChannelError`. */
export async function registerHook(api: BlueBubblesApi, address: URL, signal: AbortSignal): Promise<void> {
  const known = await api.call("/webhook", { signal });
  const hooks = (Array.isArray(known) ? known : []) as { id?: unknown; url?: unknown }[];
  const own = hooks.filter(({ url }) => typeof url === "string" && URL.parse(url)?.pathname === address.pathname);
  for (const { id, url } of own) {
    if (url !== address.href)
      await api.call(`/webhook/${encodeURIComponent(String(id))}`, { method: "DELETE", signal });
  }
  if (own.some(({ url }) => url === address.href)) return;
  await api.call("/webhook", { method: "POST", json: { url: address.href, events: EVENTS }, signal });
}
