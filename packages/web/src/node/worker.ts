// The page's own service worker: notifications and Web Push. WebChat has another, at another place of the same address.

import { ignore } from "../ignore.ts";

const SCOPE = "/node";

/** Prepares the worker; undefined where the browser has none or refuses it. */
export async function startWorker(): Promise<ServiceWorkerRegistration | undefined> {
  if (!isSecureContext || !("serviceWorker" in navigator)) return undefined;
  try {
    return await navigator.serviceWorker.register("/worker.js", { scope: SCOPE });
  } catch (error) {
    ignore(error, "the browser refuses it under a certificate that it does not trust");
    return undefined;
  }
}

/** The worker when it can work. */
export async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  if (!isSecureContext || !("serviceWorker" in navigator)) return undefined;
  const known = await navigator.serviceWorker.getRegistration(SCOPE);
  return known === undefined ? undefined : await activeOf(known);
}

async function activeOf(known: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const coming = known.installing ?? known.waiting;
  if (known.active !== null || coming === null) return known;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (coming.state !== "activated" && coming.state !== "redundant") return;
      coming.removeEventListener("statechange", look);
      resolve();
    };
    coming.addEventListener("statechange", look);
    look();
  });
  return known;
}
