// Calls a person who looks elsewhere: a notification of the browser and a short sound, when a command waits for approval or
// a reply has come. Asked for once, by a click; without permission nothing happens.

import { ignore } from "../ignore.ts";
import { recall, remember } from "./storage.ts";

/** Whether calls are wanted, can be had, or were refused in the browser's settings. */
export type Calls = "on" | "off" | "refused" | "unavailable";

/** What a person is called for. Another call with the same tag takes the place of the first. */
export interface Call {
  readonly title: string;
  readonly text: string;
  readonly tag: string;
  /** Where a click leads, as the part of the address behind `#`. */
  readonly hash: string;
}

/** How a browser is with calls now. Over plain http from another machine there are none. */
export function calls(): Calls {
  if (!isSecureContext || !("Notification" in window) || !("serviceWorker" in navigator)) return "unavailable";
  if (Notification.permission === "denied") return "refused";
  return Notification.permission === "granted" && recall("calls") === "on" ? "on" : "off";
}

/** Switches calls on, asking for the browser's permission, or off. Returns what came of it. */
export async function switchCalls(isWanted: boolean): Promise<Calls> {
  remember("calls", isWanted ? "on" : undefined);
  if (isWanted && calls() === "off") await Notification.requestPermission();
  return calls();
}

/** Prepares the worker that shows notifications and keeps the page for when there is no network. */
export function startWorker(): void {
  if (!isSecureContext || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker
    .register("/worker.js")
    .catch((error: unknown) => ignore(error, "the browser refuses it under a certificate that it does not trust"));
}

/** Whether somebody looks at the page now. */
export function isInView(): boolean {
  return !document.hidden && document.hasFocus();
}

/** Calls `listener` whenever the page comes into view or leaves it. */
export function onView(listener: () => void): void {
  document.addEventListener("visibilitychange", listener);
  addEventListener("focus", listener);
  addEventListener("blur", listener);
}

/** Calls the person, unless the page is in view. */
export async function call({ title, text, tag, hash }: Call): Promise<void> {
  if (calls() !== "on" || isInView()) return;
  const registration = await navigator.serviceWorker.ready;
  await registration.showNotification(title, {
    ...{ body: text.slice(0, 300), tag, data: { hash }, icon: "/icon-192.png" },
  });
  beep();
}

/** Takes notifications back: nobody is needed any more. */
export async function takeBack(tag: string): Promise<void> {
  if (calls() !== "on") return;
  const registration = await navigator.serviceWorker.ready;
  for (const notification of await registration.getNotifications({ tag })) notification.close();
}

/** Two soft tones, without a file. */
function beep(): void {
  const context = new AudioContext();
  const end = context.currentTime + 0.4;
  for (const [index, frequency] of [660, 880].entries()) {
    const tone = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: 0.06 });
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + index * 0.15);
    tone.stop(end);
  }
  setTimeout(() => void context.close(), 1_000);
}
