/** `moltbot devices` — who may connect: pending requests, paired devices, their tokens. */

import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { shortDevice } from "../language/names.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, table } from "../terminal/render.ts";

const list = defineCommand({
  summary: "List requests that wait and devices that are approved",
  page: "devices",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out } = call;
      const { pending, paired } = await client.request("device.pair.list", {}, { timeoutMs });
      if (call.flags.json) return out.json({ pending, paired });
      if (pending.length > 0) {
        out.print(out.style.bold("Waiting for approval"));
        const rows = pending.map((each) => [
          each.requestId,
          each.displayName ?? each.clientId ?? shortDevice(each.deviceId),
          each.role ?? "operator",
          each.remoteIp ?? "local",
          ago(each.ts),
        ]);
        const columns = [
          { title: "Request" },
          { title: "Device", flexible: true },
          { title: "Role" },
          { title: "From" },
          { title: "Asked" },
        ];
        out.print(table(columns, rows, out));
        out.print(out.style.dim("Approve one with `moltbot devices approve REQUEST`.\n"));
      }
      if (paired.length === 0) return out.print("No device is approved yet.");
      out.print(out.style.bold("Approved"));
      const rows = paired.map((each) => [
        shortDevice(each.deviceId),
        each.displayName ?? each.clientId ?? "",
        (each.roles ?? [each.role ?? "operator"]).join(", "),
        each.platform ?? "",
        each.tokens.every(({ revokedAtMs }) => revokedAtMs) ? "revoked" : "active",
        ago(Math.max(...each.tokens.map(({ lastUsedAtMs }) => lastUsedAtMs ?? 0), each.approvedAtMs)),
      ]);
      const paint = (cell: string) => (cell === "revoked" ? out.style.red(cell) : out.style.green(cell));
      const columns = [
        { title: "Device" },
        { title: "Name", flexible: true },
        { title: "Roles" },
        { title: "Platform" },
        { title: "Token", paint },
        { title: "Last seen" },
      ];
      out.print(table(columns, rows, out));
    }),
});

const approve = defineCommand({
  summary: "Approve a request, or the only one that waits",
  positionals: [{ name: "REQUEST", optional: true, completes: "device-request" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const requestId = await findRequest(call, link);
      const result = await link.client.request("device.pair.approve", { requestId }, { timeoutMs: link.timeoutMs });
      if (call.flags.json) return call.out.json(result);
      call.out.print(`Approved ${nameOf(result.device)}; it can connect now.`);
    }),
});

const reject = defineCommand({
  summary: "Turn a request down",
  positionals: [{ name: "REQUEST", optional: true, completes: "device-request" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const requestId = await findRequest(call, link);
      const result = await link.client.request("device.pair.reject", { requestId }, { timeoutMs: link.timeoutMs });
      if (call.flags.json) return call.out.json(result);
      call.out.print(`Turned down ${shortDevice(result.deviceId)}.`);
    }),
});

/** A device, or the first characters of its id; `--device` did the same in earlier versions. */
const DEVICE = { name: "DEVICE", optional: true, completes: "device" } as const;

const tokenFlags = {
  device: { kind: "text", value: "ID", summary: "The device", hidden: true },
  role: { kind: "text", value: "ROLE", summary: "Which of its tokens (operator)", choices: ["operator", "node"] },
} as const;

const rotate = defineCommand({
  summary: "Give a device a new token; the old one stops working",
  positionals: [DEVICE],
  flags: {
    ...tokenFlags,
    scope: { kind: "text", value: "SCOPES", summary: "What the token allows, with commas between" },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const { scope } = call.flags;
      const params = {
        ...(await findToken(call, link)),
        ...(scope !== undefined && { scopes: scope.split(",").map((each) => each.trim()) }),
      };
      const result = await link.client.request("device.token.rotate", params, { timeoutMs: link.timeoutMs });
      if (call.flags.json) return call.out.json(result);
      call.out.print(`New ${result.role} token for ${shortDevice(result.deviceId)}, shown only now:`);
      call.out.raw(result.token);
    }),
});

const remove = defineCommand({
  summary: "Forget a device: it must be paired again",
  positionals: [DEVICE],
  flags: {
    ...tokenFlags,
    role: { ...tokenFlags.role, summary: "Only take its token for this role away; it stays in the list" },
  },
  examples: ["moltbot devices remove 4f1c", "moltbot devices remove 4f1c --role node"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs, ...link }) => {
      const { out, flags } = call;
      const { deviceId, role } = await findToken(call, { client, timeoutMs, ...link });
      if (flags.role !== undefined) {
        const result = await client.request("device.token.revoke", { deviceId, role }, { timeoutMs });
        return flags.json ? out.json(result) : out.print(`Took the ${role} token of ${shortDevice(deviceId)} away.`);
      }
      const result = await client.request("device.pair.remove", { deviceId }, { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(`Removed ${shortDevice(deviceId)}; it must be paired again before it can connect.`);
    }),
});

/** Device pairing and device tokens. */
export const devices = defineGroup({
  summary: "Say which devices may connect",
  alone: list,
  commands: { list, approve, reject, rotate, remove },
  formerly: { revoke: "remove" },
});

async function findRequest({ words }: Pick<Call, "words">, { client, timeoutMs }: Link): Promise<string> {
  const [given] = words;
  const { pending } = await client.request("device.pair.list", {}, { timeoutMs });
  const matching = pending.filter(({ requestId }) => requestId.startsWith(given ?? ""));
  const [only, ...others] = matching;
  if (only && others.length === 0) return only.requestId;
  if (given !== undefined && !only) throw new CliError(`No request ${given} waits. See \`moltbot devices list\`.`);
  if (!only) throw new CliError("No device waits for approval.");
  throw usageError(`${matching.length} devices wait; name one of the requests that \`moltbot devices list\` shows.`);
}

async function findToken(call: Call<typeof tokenFlags>, { client, timeoutMs }: Link) {
  const { role = "operator" } = call.flags;
  const device = call.words[0] ?? call.flags.device;
  if (device === undefined) throw usageError("Say which device; `moltbot devices list` shows them.");
  const { paired } = await client.request("device.pair.list", {}, { timeoutMs });
  const matching = paired.filter(({ deviceId }) => deviceId.startsWith(device));
  const [only, ...others] = matching;
  if (!only) throw new CliError(`No approved device ${device}. See \`moltbot devices list\`.`);
  if (others.length > 0) throw usageError(`${device} begins more than one device's id; write more of it.`);
  return { deviceId: only.deviceId, role };
}

function nameOf(device: { readonly displayName?: string; readonly deviceId: string }): string {
  return device.displayName ? `${device.displayName} (${shortDevice(device.deviceId)})` : shortDevice(device.deviceId);
}
