// Pictures and films with the cameras of this device, and sound from its microphone.

import { base64 } from "../../conversation/attachments.ts";
import { t } from "../../words/t.ts";
import type { CommandCall, NodeCommand } from "./command.ts";
import { NodeFailure } from "./failure.ts";
import { cameraWanted, facingIn, record, withMedia } from "./media.ts";
import { flagIn, numberIn, type Params } from "./params.ts";

/** A picture stays below this, in bytes: its text then has less than 5 MB. */
const MAX_PICTURE_BYTES = 3_700_000;
const DURATION = { fallback: 3_000, min: 200, max: 60_000 };

export const cameraList: NodeCommand = {
  ...{ name: "camera.list", cap: "camera", worksHidden: true },
  asksFor: () => t("the list of its cameras"),
  async run() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput");
    return {
      devices: cameras.map(({ deviceId, label }, index) => ({
        ...{ id: deviceId, name: label || t("Camera {0}", index + 1) },
        ...{ position: positionOf(label), deviceType: "browser" },
      })),
    };
  },
};

export const cameraSnap: NodeCommand = {
  ...{ name: "camera.snap", cap: "camera", worksHidden: false },
  asksFor: (params) => t("a picture from the {0} camera", sideOf(params)),
  async run({ params, signal }) {
    const maxWidth = numberIn(params, "maxWidth", { fallback: 1_600, min: 16, max: 8_192 });
    const quality = numberIn(params, "quality", { fallback: 0.9, min: 0.05, max: 1 });
    const delayMs = numberIn(params, "delayMs", { fallback: 0, min: 0, max: 10_000 });
    const video = { ...cameraWanted(params), width: { ideal: maxWidth } };
    return await withMedia({ video }, signal, async (stream) => {
      await pause(delayMs, signal);
      const picture = await drawn(stream, maxWidth, signal);
      const blob = await shrunk(picture, quality);
      const { facingMode } = stream.getVideoTracks()[0]?.getSettings() ?? {};
      return {
        ...{ format: "jpg", base64: await base64(blob), width: picture.width, height: picture.height },
        ...(facingMode && { facing: facingMode === "environment" ? "back" : "front" }),
      };
    });
  },
};

export const cameraClip: NodeCommand = {
  ...{ name: "camera.clip", cap: "camera", worksHidden: false },
  asksFor: (params) => t("{0} of film from the {1} camera", secondsOf(params), sideOf(params)),
  async run({ params, signal }) {
    const durationMs = numberIn(params, "durationMs", DURATION);
    const video = cameraWanted(params);
    if (!flagIn(params, "includeAudio", true))
      return await withMedia({ video }, signal, (film) => record(film, durationMs, signal));
    // Asked for apart, so that a refusal says which of the two is missing.
    return await withMedia({ audio: true }, signal, (sound) =>
      withMedia({ video }, signal, (film) =>
        record(new MediaStream([...film.getTracks(), ...sound.getTracks()]), durationMs, signal),
      ),
    );
  },
};

export const microphoneClip: NodeCommand = {
  ...{ name: "microphone.clip", cap: "microphone", worksHidden: false },
  asksFor: (params) => t("{0} of sound from the microphone", secondsOf(params)),
  run: ({ params, signal }: CommandCall) =>
    withMedia({ audio: true }, signal, (sound) => record(sound, numberIn(params, "durationMs", DURATION), signal)),
};

function sideOf(params: Params): string {
  return params.deviceId === undefined ? (facingIn(params) ?? "front") : "chosen";
}

function secondsOf(params: Params): string {
  return `${Math.round(numberIn(params, "durationMs", DURATION) / 100) / 10} s`;
}

function positionOf(label: string): string {
  if (/back|rear|environment/i.test(label)) return "back";
  return /front|user|face/i.test(label) ? "front" : "unspecified";
}

/** The first whole picture of a camera, no wider than wanted. */
async function drawn(stream: MediaStream, maxWidth: number, signal: AbortSignal): Promise<HTMLCanvasElement> {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, srcObject: stream });
  await video.play().catch(() => {
    throw new NodeFailure("CAMERA_UNAVAILABLE", "the camera sent no picture");
  });
  signal.throwIfAborted();
  const scale = Math.min(1, maxWidth / video.videoWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  video.srcObject = null;
  return canvas;
}

/** A JPEG that is small enough: the quality falls until it is. */
async function shrunk(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  if (blob === null) throw new NodeFailure("CAMERA_UNAVAILABLE", "the browser could not make a picture");
  if (blob.size <= MAX_PICTURE_BYTES) return blob;
  if (quality <= 0.1) throw new NodeFailure("PAYLOAD_TOO_LARGE", "ask for a smaller picture with maxWidth");
  return await shrunk(canvas, Math.max(quality - 0.2, 0.1));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal.throwIfAborted();
}
