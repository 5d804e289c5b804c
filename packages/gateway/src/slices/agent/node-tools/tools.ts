/** The tool with which an agent uses phones and other machines. It is the owner's alone unless the settings say otherwise. */
import { Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import type { Tool } from "../../../kit/tool.ts";
import { defineTool } from "./slice.ts";

/** The longest program plus the longest wait for a person; each action has a shorter limit of its own. */
const LIMIT_MS = 2 * 3_600_000 + 60_000;

const Text = (maxLength: number, description: string) => Type.Optional(Type.String({ maxLength, description }));

const nodesTool = defineTool({
  name: "nodes",
  summary:
    "Uses the owner's phones and other machines: lists them (which one is in front, awake, its battery), takes pictures " +
    "and films, asks where they are, shows notifications, records screens, runs programs. Pictures come back to look at; " +
    "files are saved in the workspace's media folder. Look at the list first, and pick the device that is in front.",
  audience: "owner",
  changes: true,
  timeoutMs: LIMIT_MS,
  missing: ({ nodes }) => (nodes.list().length > 0 ? undefined : "There is no node yet; see `moltbot nodes`."),
  params: {
    action: {
      ...OneOf(
        ...["list", "describe", "invoke", "camera_list", "camera_snap", "camera_clip"],
        ...["location", "screen_record", "notify", "run"],
      ),
      description: "invoke calls any other command that a node offers.",
    },
    node: Text(256, "Its name or id; without it the one device in front that can do it."),
    command: Text(128, "For invoke."),
    params: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.Unknown(), { description: "For invoke." })),
    facing: Type.Optional({ ...OneOf("front", "back"), description: "Which camera; back by default." }),
    seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 60,
        description: "How long a film or a recording is; 3 and 10 by default.",
      }),
    ),
    title: Text(200, "Of a notification."),
    body: Text(2_000, "What a notification says."),
    argv: Type.Optional(
      Type.Array(Type.String({ maxLength: 20_000 }), {
        maxItems: 256,
        description: "For run: the program and its arguments. There is no shell unless you name one.",
      }),
    ),
    cwd: Text(4_096, "For run: the folder on the node."),
    env: Type.Optional(
      Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 10_000 }), { description: "For run." }),
    ),
    timeoutSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3_600, description: "For run and invoke; 30 by default." }),
    ),
    waitMinutes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_440,
        description: "Waits so long for a node that is away or asleep; you are told the result in this conversation.",
      }),
    ),
  },
  run: async (call) => (await import("./actions.ts")).act(call),
});

export const tools: readonly Tool[] = [nodesTool];
