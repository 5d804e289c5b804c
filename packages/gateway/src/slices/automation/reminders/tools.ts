/** `cron`: how an agent sees to it that something happens later. */
import { Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import type { Tool } from "../../../kit/tool.ts";
import { JobFields } from "../cron/schema.ts";
import { defineTool } from "./slice.ts";

const Id = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 256, description }));

const Fields = Type.Partial(Type.Object(JobFields, { additionalProperties: false }));

export const params = {
  action: OneOf("status", "list", "add", "update", "remove", "run", "runs", "wake"),
  remind: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 4_000,
      description:
        "For add: a reminder in words, said here at its time without a model: “in 20 min to stretch”, “every weekday at 8 stand up”.",
    }),
  ),
  job: Type.Optional({
    ...Fields,
    description:
      "For add: name, schedule and payload, e.g. {name, schedule: {kind: cron, expr: '0 8 * * 1-5', tz: 'Europe/Berlin'}, " +
      "payload: {kind: agentTurn, message: 'What is new?'}}. payload systemEvent {text} is said as it is; agentTurn has " +
      "you work on a message. In a chat of a channel both are told there when delivery is not said.",
  }),
  patch: Type.Optional({ ...Fields, description: "For update: the fields that change; {enabled: false} pauses." }),
  jobId: Id("For update, remove, run and runs."),
  id: Id("Another name of jobId."),
  includeDisabled: Type.Optional(Type.Boolean({ description: "For list: paused ones too." })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "For list and runs; 20 by default." })),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 10_000, description: "For wake: what has happened." })),
  mode: Type.Optional({
    ...OneOf("now", "next-heartbeat", "due", "force"),
    description: "For wake: now or next-heartbeat. For run: due or force.",
  }),
};

/** January's agents write the fields of a job beside the action, and wrap jobs. */
function tidyCall(args: unknown, tidied: (job: unknown) => unknown): unknown {
  if (typeof args !== "object" || args === null) return args;
  const rest: Record<string, unknown> = {};
  const beside: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    const isOfJob = !(name in params) && (name in JobFields || name === "data");
    (isOfJob ? beside : rest)[name] = value;
  }
  const place = rest.action === "update" ? "patch" : "job";
  const job = rest[place] ?? (Object.keys(beside).length > 0 ? beside : undefined);
  return job === undefined ? args : { ...(rest[place] === undefined ? rest : args), [place]: tidied(job) };
}

const cron = defineTool({
  name: "cron",
  summary:
    "Reminders and jobs at set times. To remind somebody, add with remind. To do something later or again and again, add a job.",
  audience: "owner",
  changes: true,
  params,
  tidy: (args, { cron }) => tidyCall(args, (job) => cron.tidied(job)),
  run: async (call) => await (await import("./cron-tool.ts")).useCron(call),
});

export const tools: readonly Tool[] = [cron];
