// Cameras, microphones and recordings: opens them for one call and closes them after it.

import { base64 } from "../../conversation/attachments.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { type Params, textIn } from "./params.ts";

/** The kinds of film, the one that plays in most places first. */
const FILM_TYPES = ["video/mp4;codecs=avc1,mp4a.40.2", "video/mp4;codecs=avc1", "video/mp4", "video/webm"];
const SOUND_TYPES = ["audio/mp4", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"];

/** Bits per second: a minute stays below 18 MB, which nodes send at most. */
const VIDEO_BITS = 2_000_000;
const AUDIO_BITS = 64_000;
const MAX_BYTES = 18_000_000;

/** A finished recording, as callers read it. `format` is what the browser really wrote. */
export interface Recording {
  readonly format: string;
  readonly base64: string;
  readonly durationMs: number;
  readonly hasAudio: boolean;
}

/** Which way a camera looks, in the words of callers. */
export function facingIn(params: Params): "front" | "back" | undefined {
  const facing = textIn(params, "facing");
  if (facing === undefined || facing === "front" || facing === "back") return facing;
  throw badParams("facing must be front or back");
}

/** The camera that a call means; the front one when it does not say. A camera that looks another way is better than none. */
export function cameraWanted(params: Params): MediaTrackConstraints {
  const deviceId = textIn(params, "deviceId");
  if (deviceId !== undefined) return { deviceId: { exact: deviceId } };
  return { facingMode: { ideal: facingIn(params) === "back" ? "environment" : "user" } };
}

/** Opens what is wanted, hands it to `use`, and closes it. Rejects with `NodeFailure`. */
export async function withMedia<T>(
  wanted: MediaStreamConstraints,
  signal: AbortSignal,
  use: (stream: MediaStream) => Promise<T>,
): Promise<T> {
  const stream = await navigator.mediaDevices.getUserMedia(wanted).catch((error: unknown) => {
    throw wanted.video ? cameraFailure(error) : microphoneFailure(error);
  });
  return await closing(stream, signal, use);
}

/** Lets the person choose a screen; needs a tap that was just made. */
export async function withScreen<T>(
  wanted: DisplayMediaStreamOptions,
  signal: AbortSignal,
  use: (stream: MediaStream) => Promise<T>,
): Promise<T> {
  const stream = await navigator.mediaDevices.getDisplayMedia(wanted).catch(() => {
    throw new NodeFailure("SCREEN_PERMISSION_REQUIRED", "nobody chose a screen on the device");
  });
  return await closing(stream, signal, use);
}

/** Records a stream for a while, or until the person ends it. */
export async function record(stream: MediaStream, durationMs: number, signal: AbortSignal): Promise<Recording> {
  const isFilm = stream.getVideoTracks().length > 0;
  const mimeType = (isFilm ? FILM_TYPES : SOUND_TYPES).find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, {
    ...{ videoBitsPerSecond: VIDEO_BITS, audioBitsPerSecond: AUDIO_BITS },
    ...(mimeType && { mimeType }),
  });
  const pieces: Blob[] = [];
  const ended = Promise.withResolvers<void>();
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  recorder.addEventListener("stop", () => ended.resolve());
  recorder.addEventListener("error", () => ended.reject(new NodeFailure("UNAVAILABLE", "the recording broke off")));
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  signal.addEventListener("abort", stop, { once: true });
  const startedAt = performance.now();
  recorder.start();
  const timer = setTimeout(stop, durationMs);
  await ended.promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
  signal.throwIfAborted();
  const film = new Blob(pieces, { type: recorder.mimeType });
  if (film.size > MAX_BYTES) throw new NodeFailure("PAYLOAD_TOO_LARGE", "ask for a shorter recording");
  return {
    format: /^\w+\/(\w+)/.exec(film.type)?.[1] ?? "webm",
    base64: await base64(film),
    durationMs: Math.round(performance.now() - startedAt),
    hasAudio: stream.getAudioTracks().length > 0,
  };
}

async function closing<T>(
  stream: MediaStream,
  signal: AbortSignal,
  use: (stream: MediaStream) => Promise<T>,
): Promise<T> {
  try {
    signal.throwIfAborted();
    return await use(stream);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

function cameraFailure(error: unknown): NodeFailure {
  const name = nameOf(error);
  if (name === "NotAllowedError" || name === "SecurityError")
    return new NodeFailure(
      "CAMERA_PERMISSION_REQUIRED",
      "the browser does not let this page use the camera; allow it in the browser's settings for this page",
    );
  if (name === "OverconstrainedError")
    return new NodeFailure("CAMERA_UNAVAILABLE", "there is no camera with this deviceId; camera.list names them");
  if (name === "NotFoundError") return new NodeFailure("CAMERA_UNAVAILABLE", "the device has no camera");
  return new NodeFailure("CAMERA_UNAVAILABLE", "the camera cannot be used now; another program may hold it");
}

function microphoneFailure(error: unknown): NodeFailure {
  const name = nameOf(error);
  if (name === "NotAllowedError" || name === "SecurityError")
    return new NodeFailure(
      "MIC_PERMISSION_REQUIRED",
      "the browser does not let this page use the microphone; allow it in the browser's settings for this page",
    );
  if (name === "NotFoundError") return new NodeFailure("MIC_UNAVAILABLE", "the device has no microphone");
  return new NodeFailure("MIC_UNAVAILABLE", "the microphone cannot be used now; another program may hold it");
}

function nameOf(error: unknown): string {
  return error instanceof DOMException || error instanceof Error ? error.name : "";
}
