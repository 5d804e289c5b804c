// Messages that the gateway has not accepted yet. They survive reloads and are resent under the same idempotency key.
// Text is in localStorage, written before the bubble is shown; attachments, too large for it, in IndexedDB.

import { recall, remember, remembered } from "../visit/storage.ts";
import { t } from "../words/t.ts";

/** A file on its way to the gateway; a voice message is what its sender says. `content` is base64. */
export interface Attachment {
  readonly type: "image" | "file" | "voice";
  readonly mimeType: string;
  readonly fileName: string;
  readonly content: string;
}

/** One message from here, by its idempotency key. */
export interface OutboxEntry {
  readonly key: string;
  readonly sessionKey: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly at: number;
  /** `sent`: accepted, shown until the history has it. */
  readonly delivery: Delivery;
}

/** Where a message is on its way to the gateway. */
export type Delivery =
  | { readonly kind: "queued" }
  | { readonly kind: "sending" }
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly reason: string };

type Stored = Pick<OutboxEntry, "sessionKey" | "text" | "at"> & { attached: boolean; failed?: string };

/** Keeps an entry for the next visit. Resolves false when it will not survive a reload; it is still sent. */
export async function storeEntry({ key, sessionKey, text, attachments, at, delivery }: OutboxEntry): Promise<boolean> {
  const stored: Stored = {
    sessionKey,
    text,
    at,
    attached: attachments.length > 0,
    ...(delivery.kind === "failed" && { failed: delivery.reason }),
  };
  const kept = remember(`outbox.${key}`, JSON.stringify(stored));
  if (attachments.length === 0) return kept;
  return kept && (await inDatabase("readwrite", (store) => store.put(attachments, key))) !== undefined;
}

/** Forgets an entry: the gateway has it, or its author took it back. */
export async function removeEntry({ key, attachments }: OutboxEntry): Promise<void> {
  remember(`outbox.${key}`, undefined);
  if (attachments.length > 0) await inDatabase("readwrite", (store) => store.delete(key));
}

/** What an earlier visit left behind, oldest first. */
export async function loadEntries(): Promise<OutboxEntry[]> {
  const entries = await Promise.all(remembered("outbox.").map((name) => loadEntry(name.slice("outbox.".length))));
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.at - b.at);
}

async function loadEntry(key: string): Promise<OutboxEntry | undefined> {
  const { attached, failed, ...rest } = JSON.parse(recall(`outbox.${key}`) ?? "{}") as Partial<Stored>;
  const { sessionKey, text, at } = rest;
  if (sessionKey === undefined || text === undefined || at === undefined) return undefined;
  const attachments = attached ? await inDatabase<Attachment[]>("readonly", (store) => store.get(key)) : [];
  if (attachments === undefined) {
    const reason = t("Its attachments were lost when the page was closed. Attach them again.");
    return { key, sessionKey, text, at, attachments: [], delivery: { kind: "failed", reason } };
  }
  const delivery: Delivery = failed === undefined ? { kind: "queued" } : { kind: "failed", reason: failed };
  return { key, sessionKey, text, at, attachments, delivery };
}

/** `undefined` when the browser has no database for us. */
async function inDatabase<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T> | IDBRequest<undefined> | IDBRequest<IDBValidKey>,
): Promise<T | undefined> {
  try {
    const opening = indexedDB.open("moltbot-outbox", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("attachments");
    const database = await settled(opening);
    const transaction = database.transaction("attachments", mode);
    const request = work(transaction.objectStore("attachments"));
    const result = await settled(request as IDBRequest<T>);
    if (mode === "readwrite") await committed(transaction);
    database.close();
    return result;
  } catch {
    return undefined;
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
