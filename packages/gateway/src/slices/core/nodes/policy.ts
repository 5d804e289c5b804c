/** Which commands a node of a platform may be asked for (protocol: command policy, in both generations). */
import type { Caller } from "../../../kit/access.ts";
import type { NodeCommandSettings } from "../../../kit/host.ts";

type Platform = "ios" | "android" | "macos" | "windows" | "linux" | "web" | "unknown";

const CANVAS = [
  ...["canvas.present", "canvas.hide", "canvas.navigate", "canvas.eval", "canvas.snapshot"],
  ...["canvas.a2ui.push", "canvas.a2ui.pushJSONL", "canvas.a2ui.reset"],
];
const CAMERA = ["camera.list", "camera.snap", "camera.clip"];
const EXEC = ["system.run", "system.run.prepare", "system.which"];
const APPROVALS = ["system.execApprovals.get", "system.execApprovals.set"];
const IOS_3 = [...CANVAS, ...CAMERA, "screen.record", "location.get"];
const SYSTEM_3 = [...EXEC, "system.notify", ...APPROVALS, "browser.proxy"];
const ALL_3 = [...IOS_3, "sms.send", ...SYSTEM_3];
/** A browser page asks its person for each of these itself. */
const WEB = [
  ...CANVAS,
  ...CAMERA,
  ...["screen.record", "microphone.clip", "location.get", "system.notify", "device.info", "device.status"],
];

const THREE: Readonly<Record<Platform, readonly string[]>> = {
  ios: IOS_3,
  android: [...IOS_3, "sms.send"],
  macos: [...IOS_3, ...SYSTEM_3],
  linux: SYSTEM_3,
  windows: SYSTEM_3,
  web: WEB,
  unknown: ALL_3,
};

const IOS_4 = [
  ...["camera.list", "location.get", "device.info", "device.status", "contacts.search", "calendar.events"],
  ...["reminders.list", "photos.latest", "motion.activity", "motion.pedometer", "system.notify"],
  ...["talk.ptt.start", "talk.ptt.stop", "talk.ptt.cancel", "talk.ptt.once"],
  ...CANVAS,
];
/** What a computer offers; a person has approved it before it counts. */
const DESKTOP_4 = [
  ...EXEC,
  ...APPROVALS,
  ...["fs.listDir", "dir.list", "dir.fetch", "file.create", "file.fetch", "file.stat", "file.write"],
  ...["browser.proxy", "mcp.tools.call.v1", "screen.snapshot"],
];

const FOUR: Readonly<Record<Platform, readonly string[]>> = {
  ios: IOS_4,
  android: [
    ...IOS_4,
    ...["notifications.list", "notifications.actions", "device.permissions", "device.health", "device.apps"],
    ...["callLog.search", "mobile.ui.observe", "mobile.ui.act"],
  ],
  macos: [...IOS_4, "camera.ptz.status", "device.apps", "computer.act", ...DESKTOP_4],
  windows: [
    ...["camera.list", "location.get", "device.info", "device.status", "system.notify", "computer.act"],
    ...DESKTOP_4,
  ],
  linux: ["system.notify", "computer.act", ...DESKTOP_4],
  web: WEB,
  unknown: ["camera.list", "location.get", "system.notify"],
};

const BY_PREFIX: readonly (readonly [prefix: string, platform: Platform])[] = [
  ["ios", "ios"],
  ["android", "android"],
  ["mac", "macos"],
  ["darwin", "macos"],
  ["win", "windows"],
  ["linux", "linux"],
  ["web", "web"],
];

const BY_FAMILY: readonly (readonly [part: string, platform: Platform])[] = [
  ["iphone", "ios"],
  ["ipad", "ios"],
  ["ios", "ios"],
  ["android", "android"],
  ["mac", "macos"],
  ["windows", "windows"],
  ["linux", "linux"],
];

/** The platform's prefix decides, then the family. */
export function platformOf({ platform, deviceFamily = "" }: Caller["client"]): Platform {
  const name = platform.trim().toLowerCase();
  const family = deviceFamily.trim().toLowerCase();
  const known =
    BY_PREFIX.find(([prefix]) => name.startsWith(prefix)) ?? BY_FAMILY.find(([part]) => family.includes(part));
  return known?.[1] ?? "unknown";
}

/** Whether the policy lets a node be asked for a command, whatever the node declared. */
export function isAllowed(
  command: string,
  { client, protocol }: Pick<Caller, "client" | "protocol">,
  { allow, deny }: NodeCommandSettings,
): boolean {
  if (deny.includes(command)) return false;
  const defaults = (protocol === 3 ? THREE : FOUR)[platformOf(client)];
  return defaults.includes(command) || allow.includes(command);
}

/** Commands that a page in a browser may offer; an invitation approves no others. */
export function isOfPages(command: string): boolean {
  return WEB.includes(command);
}

/** Commands that run programs or change what may run; only an administrator approves a node that offers them. */
export function runsPrograms(command: string): boolean {
  return EXEC.includes(command) || APPROVALS.includes(command);
}

/** Commands that only `exec.approvals.node.*` may send (security: a writer must not rewrite a node's own rules). */
export function isReserved(command: string): boolean {
  return command.startsWith("system.execApprovals.");
}

/** Commands that only look. After a crash such a call may be sent again; any other one may have taken effect. */
const LOOKING =
  /^(?:camera\.(?:list|snap)|location\.get|system\.(?:which|run\.prepare)|(?:canvas|screen)\.snapshot|fs\.listDir|dir\.(?:list|fetch)|file\.(?:stat|fetch)|device\.\w+|(?:contacts|callLog)\.search|(?:calendar\.events|reminders\.list|photos\.latest|notifications\.list)|motion\.\w+)$/;

export function hasEffects(command: string): boolean {
  return !LOOKING.test(command);
}
