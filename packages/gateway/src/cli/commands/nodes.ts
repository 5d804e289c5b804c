/** `moltbot nodes` — phones, desktops and programs that do commands for you and your agents. */

import type { Methods } from "@moltbot/protocol";
import { defineCommand, defineGroup } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { camera, location, notify, screen } from "../nodes/devices.ts";
import { invite } from "../nodes/invite.ts";
import { answerOfNode, printPayload } from "../nodes/invoke.ts";
import { run } from "../nodes/run.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, printable, table } from "../terminal/render.ts";

type Node = Methods["node.list"]["result"]["nodes"][number];
const NODE = { name: "NODE" } as const;
const INVOKE_MS = 15_000;

const list = defineCommand({
  summary: "List the nodes, what they offer, and what waits for approval",
  page: "devices",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const { nodes } = await client.request("node.list", {}, { timeoutMs });
      const { pending } = await client.request("node.pair.list", {}, { timeoutMs });
      if (flags.json) return out.json({ nodes, pending });
      for (const { requestId, displayName, nodeId, kind, commands = [] } of pending) {
        const what = kind === "device" ? "wants to be a node" : `offers ${commands.join(", ")}`;
        out.print(`${out.style.yellow("●")} ${printable(`${displayName ?? nodeId.slice(0, 12)} ${what}`)}`);
        out.raw(`  moltbot nodes approve ${requestId}`);
      }
      if (nodes.length === 0)
        return out.print(
          pending.length > 0
            ? ""
            : "There are no nodes yet. Make a machine one with `moltbot node run`, and a browser with `moltbot nodes invite`.",
        );
      const columns = [
        { title: "Node", flexible: true },
        { title: "Id" },
        { title: "Platform" },
        { title: "State" },
        { title: "Offers", flexible: true },
      ];
      out.print(table(columns, nodes.map(rowOf), out));
    }),
});

const describe = defineCommand({
  summary: "Show one node",
  page: "devices",
  positionals: [NODE],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const node = await client.request("node.describe", { nodeId: words[0] ?? "" }, { timeoutMs });
      if (flags.json) return out.json(node);
      out.print(out.style.bold(printable(node.displayName ?? node.nodeId)));
      out.raw(`Id        ${node.nodeId}`);
      out.print(`State     ${stateOf(node)}`);
      out.print(
        printable(`Platform  ${[node.platform, node.deviceFamily, node.modelIdentifier].filter(Boolean).join(", ")}`),
      );
      out.print(printable(`Offers    ${node.commands.join(", ") || "nothing now"}`));
      if (node.hint !== undefined) out.print(`Do        ${node.hint}`);
    }),
});

const approve = defineCommand({
  summary: "Approve a node, or the commands that it offers",
  positionals: [{ name: "REQUEST" }],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const requestId = words[0] ?? "";
      const result = await client
        .request("node.pair.approve", { requestId }, { timeoutMs })
        .catch((error) => refusalOf(error, requestId));
      if (flags.json) return out.json(result);
      const offers = result.node.commands.join(", ") || "it offers nothing yet";
      out.print(printable(`${result.node.displayName ?? result.node.nodeId} is approved: ${offers}.`));
    }),
});

const reject = defineCommand({
  summary: "Reject a node, or the commands that it offers",
  positionals: [{ name: "REQUEST" }],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const requestId = call.words[0] ?? "";
      const result = await client
        .request("node.pair.reject", { requestId }, { timeoutMs })
        .catch((error) => refusalOf(error, requestId));
      if (call.flags.json) return call.out.json(result);
      call.out.print(`The request of ${result.nodeId.slice(0, 12)} is rejected.`);
    }),
});

/** The gateway's word for a request that is not there names no way to find the others. */
function refusalOf(error: Error, requestId: string): never {
  if (error.message !== "unknown requestId") throw error;
  throw new CliError(`No request ${requestId} waits. See \`moltbot nodes list\`.`);
}

const rename = defineCommand({
  summary: "Give a node a name",
  positionals: [NODE, { name: "NAME" }],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const [nodeId = "", displayName = ""] = call.words;
      const result = await client.request("node.rename", { nodeId, displayName }, { timeoutMs });
      if (call.flags.json) return call.out.json(result);
      call.out.print(`${result.nodeId.slice(0, 12)} is called ${result.displayName}.`);
    }),
});

const remove = defineCommand({
  summary: "Take the role of a node from a device",
  positionals: [NODE],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const result = await client.request("node.pair.remove", { nodeId: call.words[0] ?? "" }, { timeoutMs });
      if (call.flags.json) return call.out.json(result);
      call.out.print(`${result.nodeId.slice(0, 12)} is no node any more; it has to be approved again.`);
    }),
});

const invoke = defineCommand({
  summary: "Call any command of a node",
  positionals: [{ name: "COMMAND", optional: true }],
  flags: {
    node: { kind: "text", value: "NODE", summary: "The node: its id, the beginning of it, or its name" },
    command: { kind: "text", value: "NAME", summary: "The command, instead of COMMAND", hidden: true },
    params: { kind: "text", value: "JSON", summary: "What the command is given" },
    "invoke-timeout": { kind: "number", value: "MS", summary: "How long it may take (15000)" },
    "wait-minutes": {
      kind: "number",
      value: "COUNT",
      summary: "How long it may wait for a node that is away or asleep",
    },
  },
  examples: [`moltbot nodes invoke system.which --node kitchen --params '{"bins":["git"]}'`],
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, words, out } = call;
      const command = flags.command ?? words[0];
      if (command === undefined || flags.node === undefined) throw usageError("Say --node NODE and the COMMAND.");
      const params = flags.params === undefined ? undefined : parsed(flags.params);
      const timeoutMs = flags["invoke-timeout"] ?? INVOKE_MS;
      const waitMinutes = flags["wait-minutes"];
      const queueForMs = waitMinutes === undefined ? undefined : Math.round(waitMinutes * 60_000);
      const asked = { node: flags.node, command, params, timeoutMs, queueForMs };
      const { payload, queued } = await answerOfNode(link, asked, (chunk) => out.note(printable(chunk)));
      if (flags.json) return out.json(queued ?? payload);
      if (!queued) return printPayload(out, payload);
      out.print(`It waits for the node until ${new Date(queued.expiresAtMs).toLocaleString()}.`);
      out.raw("  moltbot nodes queue");
    }),
});

const queue = defineCommand({
  summary: "List calls that wait for their node, and how those of the last day ended",
  flags: { cancel: { kind: "text", value: "CALL", summary: "Take this call back; its id, or the beginning of it" } },
  examples: ["moltbot nodes queue", "moltbot nodes queue --cancel 3f2a81c0"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const { calls } = await client.request("node.queue.list", {}, { timeoutMs });
      if (flags.cancel !== undefined) {
        const wanted = flags.cancel;
        const found = calls.filter(({ id }) => id.startsWith(wanted));
        if (found.length !== 1)
          throw usageError(`There is no such call: ${wanted}. \`moltbot nodes queue\` lists them.`);
        const result = await client.request("node.queue.cancel", { id: found[0]!.id }, { timeoutMs });
        if (flags.json) return out.json(result);
        return out.print(`${result.call.command} is taken back.`);
      }
      if (flags.json) return out.json({ calls });
      if (calls.length === 0) return out.print("No call waits for a node.");
      const columns = [
        { title: "Call" },
        { title: "Node" },
        { title: "Command" },
        { title: "State" },
        { title: "Since" },
        { title: "What came of it", flexible: true },
      ];
      const rows = calls.map(({ id, nodeId, command, state, createdAtMs, error = "" }) => [
        ...[id.slice(0, 8), nodeId.slice(0, 12), command, state, ago(createdAtMs), error],
      ]);
      out.print(table(columns, rows, out));
    }),
});

/** `nodes`, with nothing after it, lists them. */
export const nodes = defineGroup({
  summary: "Use phones and other machines",
  commands: {
    ...{ list, invite, describe, approve, reject, rename, remove, invoke, queue, run },
    ...{ camera, screen, location, notify },
  },
  formerly: { status: "list", pending: "list" },
  alone: list,
});

function rowOf(node: Node): string[] {
  const offers = node.commands.length > 0 ? node.commands.join(", ") : (node.hint ?? "");
  return [node.displayName ?? "", node.nodeId.slice(0, 12), node.platform ?? "", stateOf(node), offers];
}

function stateOf({ connected, connectedAtMs, approvalState }: Node): string {
  if (!connected) return "away";
  if (approvalState !== "approved") return "waits for approval";
  return connectedAtMs === undefined ? "connected" : `connected ${ago(connectedAtMs)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usageError(`--params must be JSON, for example '{"bins":["git"]}'.`);
  }
}
