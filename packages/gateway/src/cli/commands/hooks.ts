/** `moltbot hooks` — calls of other programs: which may come, what came, and what would become of one. */

import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { HooksDeliveriesResult, HooksListResult } from "@moltbot/protocol";
import { ignore } from "../../base/errors.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { CliError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, bytes, facts, printable, type Style, table } from "../terminal/render.ts";

type Hook = HooksListResult["hooks"][number];
type Delivery = HooksDeliveriesResult["deliveries"][number];

const LOOK_EVERY_MS = 500;
const USUAL_LIMIT = 20;
/** How long `hooks test` waits, ms: a transform may take half a minute. */
const TEST_MS = 45_000;

const list = defineCommand({
  summary: "List the addresses that other programs may call",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const result = await client.request("hooks.list", {}, { timeoutMs });
      if (flags.json) return out.json(result);
      if (!result.enabled) return out.print("Hooks are off. Set hooks.token and hooks.enabled in the config.");
      if (result.problem !== undefined) return out.print(`Hooks stay off: ${printable(result.problem)}.`);
      const columns = [
        { title: "Hook" },
        { title: "Path" },
        { title: "Action" },
        { title: "Proof" },
        { title: "Last call" },
        { title: "Problem", flexible: true },
      ];
      out.print(table(columns, result.hooks.map(hookRow), out));
    }),
});

function hookRow({ id, path, source, action, proof, lastAt, problem }: Hook): string[] {
  const where = [path ?? "any other", source === undefined ? "" : `from ${source}`].filter(Boolean).join(" ");
  return [id, where, action, proof, ago(lastAt), problem ?? ""].map(printable);
}

const testFlags = {
  payload: { kind: "text", value: "JSON", summary: "What would be sent; else FILE, else standard input" },
} as const;

const test = defineCommand({
  summary: "Show what would become of a delivery, without doing it",
  positionals: [{ name: "PATH" }, { name: "FILE", optional: true }],
  flags: testFlags,
  examples: [
    "moltbot hooks test github payload.json",
    `moltbot hooks test gmail --payload '{"messages":[{"id":"1","subject":"Hi"}]}'`,
  ],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const [path = "", file] = words;
      const payload = parsed(flags.payload ?? (file === undefined ? await readAll(process.stdin) : textOf(file)));
      const options = { timeoutMs: Math.max(timeoutMs, TEST_MS) };
      const result = await client.request("hooks.test", { path, payload }, options);
      if (flags.json) return out.json(result);
      const { text, ...about } = result;
      out.print(
        facts(
          [
            ["Hook", about.hook],
            ["Outcome", about.outcome],
            ["Why", about.reason],
            ["Agent", about.agentId],
            ["Conversation", about.sessionKey],
            ["Answer to", about.deliver],
          ],
          out,
        ),
      );
      if (text !== undefined) out.print(`\n${printable(text)}`);
    }),
});

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    ignore(error, "the sentence says which file");
    throw new CliError(`${file} cannot be read; name a file with the JSON that would be sent.`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    ignore(error, "the sentence says so");
    throw new CliError("What would be sent is not JSON; give it with --payload, as a file, or on standard input.");
  }
}

const tailFlags = {
  follow: { kind: "switch", short: "f", summary: "Go on with what comes, until Ctrl-C" },
  ...limitFlag("deliveries", USUAL_LIMIT),
} as const;

const tail = defineCommand({
  summary: "Show what other programs have sent, and what became of it",
  flags: tailFlags,
  run: (call) => withGateway(call, (link) => follow(call, link)),
});

async function follow(call: Call<typeof tailFlags>, { client, timeoutMs }: Link): Promise<void> {
  const { out, flags } = call;
  const limit = Math.min(500, Math.max(1, Math.floor(flags.limit ?? USUAL_LIMIT)));
  const first = await client.request("hooks.deliveries", { limit }, { timeoutMs });
  const newest = first.deliveries.toReversed();
  for (const delivery of newest) show(call, delivery);
  if (newest.length === 0 && !flags.json && !flags.follow) out.print("Nothing has been sent yet.");
  let after = newest.at(-1)?.id ?? 0;
  while (flags.follow) {
    await sleep(LOOK_EVERY_MS);
    const { deliveries } = await client.request("hooks.deliveries", { after, limit: 500 }, { timeoutMs });
    for (const delivery of deliveries) show(call, delivery);
    after = deliveries.at(-1)?.id ?? after;
  }
}

function show({ out, flags }: Pick<Call<typeof tailFlags>, "out" | "flags">, delivery: Delivery): void {
  if (flags.json) return out.raw(JSON.stringify(delivery));
  const { at, hook, outcome, status, source, reason, repeats, runEnd, runProblem, eventId } = delivery;
  const { dim } = out.style;
  const words = [
    dim(new Date(at).toISOString().slice(0, 19).replace("T", " ")),
    paintOf(outcome, out.style)(outcome),
    printable(hook),
    dim(`${status} ${source} ${bytes(delivery.bytes)}`),
    ...(eventId === undefined ? [] : [printable(eventId)]),
    ...(repeats > 0 ? [`sent ${repeats + 1} times`] : []),
    ...(runEnd === undefined ? [] : [`run: ${runEnd}`]),
    ...[reason, runProblem].flatMap((why) => (why === undefined ? [] : [`(${printable(why)})`])),
  ];
  out.print(words.join(" "));
}

function paintOf(outcome: Delivery["outcome"], { green, yellow, red }: Style): (text: string) => string {
  if (outcome === "failed") return red;
  return outcome === "refused" ? yellow : green;
}

/** Hooks, and what came over them. */
export const hooks = defineGroup({
  summary: "See the calls of other programs",
  alone: list,
  commands: { list, test, tail },
});
