// Records a voice message from the microphone. Loaded when somebody wants to record.

import { base64 } from "./conversation/attachments.ts";
import type { Attachment } from "./conversation/outbox.ts";
import { t } from "./words/t.ts";

/** The kinds that browsers write, the preferred one first; the gateway takes them all. */
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/** Speech needs no more, in bits per second. Twenty minutes then stay below the gateway's 5 MB for a file. */
const BITS_PER_SECOND = 32_000;

/** A longer recording ends by itself, in milliseconds. */
const MAX_MS = 20 * 60_000;

/** A recording under way. `ended` is fulfilled with the voice message; with nothing when it was given up. */
export interface Recording {
  readonly startedAt: number;
  readonly ended: Promise<Attachment | undefined>;
  /** Ends the recording; it becomes a message. */
  finish(): void;
  /** Ends the recording; nothing is left of it. */
  giveUp(): void;
}

/** Asks for the microphone and begins. Rejects with a `DOMException` when the person or the browser says no. */
export async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS_PER_SECOND, ...(mimeType && { mimeType }) });
  const pieces: Blob[] = [];
  let isWanted = true;
  const { promise: ended, resolve } = Promise.withResolvers<Attachment | undefined>();
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  const limit = setTimeout(stop, MAX_MS);
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  recorder.addEventListener("stop", () => {
    clearTimeout(limit);
    for (const track of stream.getTracks()) track.stop();
    resolve(isWanted ? voiceMessage(new Blob(pieces, { type: recorder.mimeType })) : undefined);
  });
  recorder.start();
  return {
    startedAt: Date.now(),
    ended,
    finish: stop,
    giveUp() {
      isWanted = false;
      stop();
    },
  };
}

/** Why there is no recording, as a sentence for the person. */
export function whyNoRecording(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError")
    return t(
      "The browser does not let this page use the microphone. Allow it in the browser's settings for this page and try again.",
    );
  if (name === "NotFoundError") return t("There is no microphone. Connect one and try again.");
  return t("The microphone cannot be used now. Close other programs that use it and try again.");
}

async function voiceMessage(recording: Blob): Promise<Attachment> {
  const kind = /^audio\/(\w+)/.exec(recording.type)?.[1] ?? "webm";
  const fileName = `voice-message.${kind === "mp4" ? "m4a" : kind}`;
  return { type: "voice", mimeType: recording.type, fileName, content: await base64(recording) };
}
