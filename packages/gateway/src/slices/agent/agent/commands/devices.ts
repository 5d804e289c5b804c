/** The command that shows devices; it asks for the same scope as the method that it stands for. */
import type { Command } from "../../../../kit/command.ts";
import { literal } from "../../../../kit/text/one-line.ts";
import { defineCommand } from "../slice.ts";

const devices = defineCommand({
  name: "devices",
  needs: "operator.pairing",
  isPrivate: true,
  summary: "shows devices that wait for approval and those that are paired",
  run({ gateway }) {
    const { pending, paired } = gateway.devices.list();
    const waiting = pending.map(
      ({ requestId, displayName, platform, role, remoteIp }) =>
        `- **${literal(displayName ?? "a device")}**${platform ? ` on ${literal(platform)}` : ""} asks to connect as ${role ?? "operator"}` +
        `${remoteIp ? ` from ${remoteIp}` : ""}: \`/approve ${requestId}\` or \`/reject ${requestId}\``,
    );
    const known = paired.map(
      ({ deviceId, displayName, platform }) =>
        `- ${literal(displayName ?? "a device")}${platform ? ` on ${literal(platform)}` : ""} (${deviceId.slice(0, 12)}…)`,
    );
    return [
      waiting.length > 0 ? `Waiting for approval:\n${waiting.join("\n")}` : "No device waits for approval.",
      known.length > 0 ? `Paired:\n${known.join("\n")}` : "No device is paired yet.",
    ].join("\n\n");
  },
});

export const deviceCommands: readonly Command[] = [devices];
