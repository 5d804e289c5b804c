/**
 * A phone as a node: answers calls as the apps of iOS and Android do. Camera and screen work in the foreground only, a
 * failure is told twice (as the code and as the beginning of the message; iOS has one code for all), pictures and films
 * are base64.
 */
import { type DeviceKey, newDeviceKey } from "./device-key.ts";
import type { Frame } from "./wire-client.ts";
import { WireClient } from "./wire-client.ts";

/** One grey pixel, as the camera sends it. */
export const PICTURE =
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z";
/** The beginning of a film, which nobody looks into. */
export const FILM = Buffer.from("\0\0\0\x20ftypmp42 a film").toString("base64");

const COMMANDS = ["camera.list", "camera.snap", "camera.clip", "screen.record", "location.get", "system.notify"];
const FOREGROUND_ONLY = /^(?:camera|screen|canvas)\./;

export interface PhoneOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly device?: DeviceKey;
  readonly platform?: string;
  readonly name?: string;
  readonly commands?: readonly string[];
  readonly protocol?: 3 | 4;
}

type Answer = { readonly payload: object } | { readonly error: string };

export class FakePhone implements Disposable {
  readonly device: DeviceKey;
  readonly client: WireClient;
  readonly isApple: boolean;
  /** What it was asked for, in order. */
  readonly asked: { readonly command: string; readonly params: Record<string, unknown> }[] = [];
  isInForeground = true;
  /** Whether it hears calls and answers none. */
  isSilent = false;
  /** Commands whose permission its owner did not give. */
  readonly denied = new Set<string>();

  private constructor(client: WireClient, device: DeviceKey, isApple: boolean) {
    this.client = client;
    this.device = device;
    this.isApple = isApple;
    client.socket.on("message", (data) => this.#hear(JSON.parse(String(data)) as Frame));
  }

  /** Connects and is let in. */
  static async connect(options: PhoneOptions): Promise<FakePhone> {
    const { url, token, device = newDeviceKey(), platform = "iOS 18.2", name = "phone", protocol = 3 } = options;
    const client = new WireClient(url, { token });
    const phone = new FakePhone(client, device, platform.startsWith("iOS"));
    const { ok, error } = await client.shakeHands({
      ...{ device, role: "node", protocol, caps: ["camera", "location"] },
      spoil: (params) => ({ ...params, commands: [...(options.commands ?? COMMANDS)] }),
      client: { id: phone.isApple ? "clawdbot-ios" : "clawdbot-android", mode: "node", platform, displayName: name },
    });
    if (!ok) throw new Error(`the phone was not let in: ${error?.message}`);
    return phone;
  }

  get nodeId(): string {
    return this.device.id;
  }

  /** Reports something, as `node.event`. */
  async report(event: string, payload: object): Promise<unknown> {
    return await this.client.call("node.event", { event, payloadJSON: JSON.stringify(payload) });
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }

  #hear({ event, payload }: Frame): void {
    if (event !== "node.invoke.request") return;
    const params = JSON.parse(payload.paramsJSON) as Record<string, unknown>;
    this.asked.push({ command: payload.command, params });
    if (this.isSilent) return;
    const answer = this.#answer(payload.command, params);
    const id = { id: payload.id as string, nodeId: this.device.id };
    if ("payload" in answer) return void this.#send({ ...id, ok: true, payloadJSON: JSON.stringify(answer.payload) });
    const code = this.isApple ? "UNAVAILABLE" : answer.error.slice(0, answer.error.indexOf(":"));
    this.#send({ ...id, ok: false, error: { code, message: answer.error } });
  }

  /** Like the apps, it does not look at the gateway's answer. */
  #send(params: { readonly id: string; readonly [name: string]: unknown }): void {
    this.client.send({ type: "req", id: `result of ${params.id}`, method: "node.invoke.result", params });
  }

  #answer(command: string, { durationMs = 3_000 }: Record<string, unknown>): Answer {
    if (FOREGROUND_ONLY.test(command) && !this.isInForeground)
      return { error: `NODE_BACKGROUND_UNAVAILABLE: ${command} works in the foreground only` };
    if (this.denied.has(command)) {
      const what = command.startsWith("camera.") ? "CAMERA" : command.startsWith("screen.") ? "SCREEN" : "LOCATION";
      return { error: `${what}_PERMISSION_REQUIRED: allow it in the phone's settings` };
    }
    switch (command) {
      case "camera.list":
        return { payload: { devices: [{ id: "back-1", name: "Back", position: "back", deviceType: "wide" }] } };
      case "camera.snap":
        return { payload: { format: "jpg", base64: PICTURE, width: 1, height: 1 } };
      case "camera.clip":
        return { payload: { format: "mp4", base64: FILM, durationMs, hasAudio: true } };
      case "screen.record":
        return { payload: { format: "mp4", base64: FILM, durationMs } };
      case "location.get":
        return {
          payload: { lat: 52.5, lon: 13.4, accuracyMeters: 12, timestamp: "2026-11-29T08:00:00Z", isPrecise: true },
        };
      case "system.notify":
        return { payload: {} };
      default:
        return { error: "INVALID_REQUEST: unknown command" };
    }
  }
}
