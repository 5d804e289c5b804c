// The browser's own permissions: asked for once, by the tap that connects, so that no call finds a question open that only
// the browser may ask.

import { ignore } from "../ignore.ts";
import { recall, remember } from "../visit/storage.ts";
import { CONSENTS, type Consents } from "./calls/consent.ts";
import { position } from "./commands/place.ts";

/** The names under which nodes tell their permissions. */
type PermissionName = "camera" | "microphone" | "location" | "notifications";

/** How long a question of the browser may stay unanswered, ms; then the page goes on without. */
const UNANSWERED_MS = 30_000;

/** Asks for what the choices need; what the person refuses is told as refused. Call it in a tap. */
export async function askPermissions(consents: Consents, offered: ReadonlySet<string>): Promise<void> {
  const wants = (id: string) =>
    offered.has(id) && CONSENTS.some((each) => each.id === id && consents.choice(each) !== "never");
  // First, because browsers want the tap to be fresh for this one.
  if (wants("system.notify") && Notification.permission === "default")
    await answered(Notification.requestPermission()).catch((error: unknown) => ignore(error, "a call will say so"));
  if (wants("camera.snap") || wants("camera.clip")) await note("camera", () => opened({ video: true }));
  if (wants("microphone.clip") || wants("camera.clip")) await note("microphone", () => opened({ audio: true }));
  if (wants("location.get")) await note("location", () => position({ timeout: 5_000, maximumAge: 3_600_000 }));
}

/** What the browser allows, as far as it said. */
export function permissionsNow(): Record<string, boolean> {
  const has = (name: PermissionName) => recall(nameOf(name)) === "yes";
  return {
    ...{ camera: has("camera"), microphone: has("microphone"), location: has("location") },
    notifications: typeof Notification === "function" && Notification.permission === "granted",
    screenRecording: false,
  };
}

async function note(name: PermissionName, use: () => Promise<unknown>): Promise<void> {
  try {
    await answered(use());
    remember(nameOf(name), "yes");
  } catch (error) {
    ignore(error, "a call that needs it will say what is missing");
    remember(nameOf(name), undefined);
  }
}

async function answered<T>(question: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("nobody answered")), UNANSWERED_MS);
  });
  return await Promise.race([question, limit]).finally(() => clearTimeout(timer));
}

async function opened(wanted: MediaStreamConstraints): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  for (const track of stream.getTracks()) track.stop();
}

function nameOf(name: PermissionName): string {
  return `node.permission.${name}`;
}
