/** A fake push service of a browser's vendor: takes encrypted messages, reads them as that browser would, checks VAPID. */
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { within } from "../support/time-limit.ts";

/** A message as the browser reads it. */
export interface Pushed {
  // biome-ignore lint/suspicious/noExplicitAny: tests compare notices whole.
  readonly notice: any;
  readonly headers: IncomingHttpHeaders;
  /** The claims of the sender's token, which was signed with the key beside it. */
  readonly claims: { readonly aud: string; readonly exp: number; readonly sub: string };
  readonly body: Buffer;
}

/** A browser that has subscribed. */
export interface FakeBrowser {
  readonly subscription: { readonly endpoint: string; readonly keys: { p256dh: string; auth: string } };
  /** What it has read so far. */
  readonly pushed: Pushed[];
  /** The next message that nobody has taken. */
  next(): Promise<Pushed>;
}

export interface PushService extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Every request so far, by its path; also those that were refused. */
  readonly asked: string[];
  subscribe(): FakeBrowser;
  /** Answers the next requests with these statuses, in order; then 201 again. */
  answer(...statuses: number[]): void;
}

/** Makes a page subscribe at this service instead of its vendor's: a script that runs before the page's own. */
export function subscriptionScript(fake: FakeBrowser): string {
  return `{
    let isSubscribed = false;
    const subscription = {
      endpoint: ${JSON.stringify(fake.subscription.endpoint)},
      options: {},
      toJSON: () => (${JSON.stringify(fake.subscription)}),
      unsubscribe: async () => !(isSubscribed = false),
    };
    PushManager.prototype.getSubscription = async () => (isSubscribed ? subscription : null);
    PushManager.prototype.subscribe = async (options) => {
      const key = options.applicationServerKey;
      isSubscribed = true;
      const bytes = Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
      subscription.options = { applicationServerKey: bytes.buffer };
      return subscription;
    };
  }`;
}

/** Starts a push service on a free loopback port; disposing it closes it. */
export async function pushService(): Promise<PushService> {
  const browsers = new Map<string, (headers: IncomingHttpHeaders, body: Buffer) => void>();
  const statuses: number[] = [];
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { url = "", headers } = request;
    const body = await buffer(request);
    asked.push(url);
    const status = statuses.shift() ?? 201;
    if (status === 201) browsers.get(url)?.(headers, body);
    response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ host, asked },
    subscribe() {
      const path = `/send/${randomBytes(8).toString("hex")}`;
      const pair = createECDH("prime256v1");
      const p256dh = pair.generateKeys();
      const auth = randomBytes(16);
      const pushed: Pushed[] = [];
      let taken = 0;
      let wake = Promise.withResolvers<void>();
      browsers.set(path, (headers, body) => {
        const notice = JSON.parse(decrypted(body, { pair, auth }));
        pushed.push({ notice, headers, claims: claimsOf(headers.authorization ?? ""), body });
        wake.resolve();
        wake = Promise.withResolvers();
      });
      return {
        subscription: {
          endpoint: `http://${host}${path}`,
          keys: { p256dh: p256dh.toString("base64url"), auth: auth.toString("base64url") },
        },
        pushed,
        async next() {
          while (pushed.length <= taken) await within(wake.promise, "a push message");
          return pushed[taken++]!;
        },
      };
    },
    answer: (...next) => void statuses.push(...next),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

/** Reads a body of RFC 8188 with one record, with the keys of RFC 8291. */
function decrypted(body: Buffer, { pair, auth }: { pair: ReturnType<typeof createECDH>; auth: Buffer }): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body[20]!);
  const sealed = body.subarray(21 + body[20]!, -16);
  const derive = (secret: Buffer, from: Buffer, info: Buffer, size: number) =>
    Buffer.from(hkdfSync("sha256", secret, from, info, size));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), pair.getPublicKey(), sender]);
  const secret = derive(pair.computeSecret(sender), auth, info, 32);
  const key = derive(secret, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const nonce = derive(secret, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce).setAuthTag(body.subarray(-16));
  const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

/** Throws when the token was not signed with the key that stands beside it (RFC 8292 section 3). */
function claimsOf(authorization: string): Pushed["claims"] {
  const [, token = "", k = ""] = /^vapid t=([^,]+), ?k=(.+)$/.exec(authorization) ?? [];
  const [head, claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(k, "base64url");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) => each.toString("base64url"));
  const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x: x!, y: y! }, format: "jwk" });
  const text = Buffer.from(`${head}.${claims}`);
  if (!verify("sha256", text, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url")))
    throw new Error("the token of a push message is not signed with its key");
  return JSON.parse(Buffer.from(claims, "base64url").toString());
}
