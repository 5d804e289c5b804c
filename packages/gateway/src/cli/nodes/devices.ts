/** Commands of phones and pages: camera, screen, place, notifications. */
import { basename, dirname, join } from "node:path";
import { defined } from "../../base/defined.ts";
import { type Command, defineCommand } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { chosenNode, invokeNode, printPayload } from "./invoke.ts";
import { saveMedia } from "./save.ts";

const nodeFlag = {
  node: { kind: "text", value: "NODE", summary: "The node: its id, the beginning of it, or its name" },
} as const;
const outFlag = { out: { kind: "text", value: "FILE", summary: "Where to save it (a new file here)" } } as const;

const SNAP_MS = 20_000;
const CLIP_MS = 90_000;

export const camera = defineCommand({
  summary: "Take a picture or a film with a node's camera",
  positionals: [{ name: "ACTION", choices: ["snap", "clip", "list"] }],
  flags: {
    ...nodeFlag,
    ...outFlag,
    facing: { kind: "text", value: "SIDE", summary: "Which camera (snap: both)", choices: ["front", "back", "both"] },
    duration: { kind: "number", value: "MS", summary: "How long the film is (3000)" },
    "no-audio": { kind: "switch", summary: "Film without sound" },
    "max-width": { kind: "number", value: "PIXELS", summary: "The widest picture (1600)" },
    quality: { kind: "text", value: "0-1", summary: "The quality of the picture (0.9)" },
    "device-id": { kind: "text", value: "ID", summary: "One camera, by its id" },
  },
  examples: ["moltbot nodes camera snap --node phone", "moltbot nodes camera clip --node phone --duration 5000"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, words, out } = call;
      const [action = ""] = words;
      if (!["snap", "clip", "list"].includes(action)) throw usageError("Say what to do: camera snap, clip or list.");
      const command = `camera.${action}`;
      const node = await chosenNode(link, flags.node, command);
      const common = defined({ deviceId: flags["device-id"], maxWidth: flags["max-width"] });
      if (action === "list") {
        const payload = await invokeNode(link, { node, command, params: {}, timeoutMs: SNAP_MS });
        return printPayload(out, payload);
      }
      const sides = action === "snap" && (flags.facing ?? "both") === "both" && flags["device-id"] === undefined;
      const facings = sides ? ["front", "back"] : [flags.facing === "both" ? undefined : flags.facing];
      const files: string[] = [];
      for (const facing of facings) {
        const params =
          action === "snap"
            ? {
                ...common,
                ...defined({ facing, quality: flags.quality === undefined ? undefined : Number(flags.quality) }),
              }
            : {
                ...common,
                ...defined({ facing }),
                durationMs: flags.duration ?? 3_000,
                includeAudio: !flags["no-audio"],
              };
        const timeoutMs = action === "snap" ? SNAP_MS : CLIP_MS + (flags.duration ?? 0);
        const payload = await out.during(
          `Waiting for the ${facing ?? ""} camera`,
          invokeNode(link, { node, command, params, timeoutMs }),
        );
        const file =
          flags.out !== undefined && facings.length > 1
            ? join(dirname(flags.out), `${facing}-${basename(flags.out)}`)
            : flags.out;
        files.push(
          saveMedia(payload, { name: `camera-${action}${facing === undefined ? "" : `-${facing}`}`, out: file }),
        );
      }
      if (flags.json) return out.json({ files });
      for (const file of files) out.raw(`MEDIA:${file}`);
    }),
});

export const screen = defineCommand({
  summary: "Record the screen of a node",
  positionals: [{ name: "ACTION", choices: ["record"] }],
  flags: {
    ...nodeFlag,
    ...outFlag,
    duration: { kind: "number", value: "MS", summary: "How long (10000)" },
    fps: { kind: "number", value: "COUNT", summary: "Pictures in a second (10)" },
    screen: { kind: "number", value: "INDEX", summary: "Which screen, from 0" },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, words, out } = call;
      if (words[0] !== "record") throw usageError("Say what to do: screen record.");
      const command = "screen.record";
      const node = await chosenNode(link, flags.node, command);
      const durationMs = flags.duration ?? 10_000;
      const params = { durationMs, fps: flags.fps ?? 10, ...defined({ screenIndex: flags.screen }) };
      const payload = await out.during(
        "Recording",
        invokeNode(link, { node, command, params, timeoutMs: CLIP_MS + durationMs }),
      );
      const file = saveMedia(payload, { name: "screen-record", out: flags.out });
      if (flags.json) return out.json({ files: [file] });
      out.raw(`MEDIA:${file}`);
    }),
});

export const location = defineCommand({
  summary: "Ask where a node is",
  positionals: [{ name: "ACTION", choices: ["get"] }],
  flags: {
    ...nodeFlag,
    accuracy: { kind: "text", value: "LEVEL", summary: "How exact", choices: ["coarse", "balanced", "precise"] },
    "max-age": { kind: "number", value: "MS", summary: "How old a known place may be" },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, words, out } = call;
      if (words[0] !== "get") throw usageError("Say what to do: location get.");
      const command = "location.get";
      const node = await chosenNode(link, flags.node, command);
      const params = { timeoutMs: 10_000, ...defined({ desiredAccuracy: flags.accuracy, maxAgeMs: flags["max-age"] }) };
      printPayload(out, await invokeNode(link, { node, command, params, timeoutMs: SNAP_MS }));
    }),
});

export const notify: Command = defineCommand({
  summary: "Show a notification on a node",
  flags: {
    ...nodeFlag,
    title: { kind: "text", value: "TEXT", summary: "The title" },
    body: { kind: "text", value: "TEXT", summary: "What it says" },
    priority: { kind: "text", value: "LEVEL", summary: "How urgent", choices: ["passive", "active", "timeSensitive"] },
    sound: { kind: "text", value: "NAME", summary: "A sound" },
  },
  examples: ['moltbot nodes notify --node phone --title Tea --body "It is ready"'],
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, out } = call;
      if (flags.title === undefined && flags.body === undefined)
        throw usageError("Say something with --title or --body.");
      const command = "system.notify";
      const node = await chosenNode(link, flags.node, command);
      const { title = "moltbot", body = "", priority, sound } = flags;
      printPayload(
        out,
        await invokeNode(link, {
          node,
          command,
          params: { title, body, ...defined({ priority, sound }) },
          timeoutMs: SNAP_MS,
        }),
      );
    }),
});
