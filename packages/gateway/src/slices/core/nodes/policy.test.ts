import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "../../../kit/access.ts";
import { hasEffects, isAllowed, isOfPages, isReserved, platformOf, runsPrograms } from "./policy.ts";

const NOTHING = { allow: [], deny: [] };

function node(protocol: 3 | 4, platform: string, deviceFamily?: string): Pick<Caller, "client" | "protocol"> {
  return { protocol, client: { id: "node-host", mode: "node", version: "1", platform, deviceFamily } };
}

const PLATFORMS = [
  ["iOS 18.2", undefined, "ios"],
  ["android", undefined, "android"],
  ["darwin", undefined, "macos"],
  ["macOS 15", undefined, "macos"],
  ["win32", undefined, "windows"],
  ["Linux", undefined, "linux"],
  ["web", "iPhone", "web"],
  ["", "iPad Pro", "ios"],
  ["unheard-of", "Windows tablet", "windows"],
  ["unheard-of", undefined, "unknown"],
] as const;

for (const [platform, family, expected] of PLATFORMS)
  test(`the platform “${platform}” of the family “${family ?? ""}” is ${expected}`, () => {
    assert.equal(platformOf(node(4, platform, family).client), expected);
  });

/** Protocol, platform, command, whether it is allowed when the settings say nothing. */
const DEFAULTS = [
  [3, "iOS 18.2", "camera.snap", true],
  [3, "iOS 18.2", "system.run", false],
  [3, "android", "sms.send", true],
  [3, "linux", "camera.snap", false],
  [3, "linux", "browser.proxy", true],
  [3, "unheard-of", "system.run", true],
  [4, "iOS 18.2", "camera.snap", false],
  [4, "iOS 18.2", "location.get", true],
  [4, "android", "sms.send", false],
  [4, "android", "notifications.list", true],
  [4, "linux", "system.run", true],
  [4, "linux", "camera.snap", false],
  [4, "unheard-of", "system.run", false],
  [4, "unheard-of", "location.get", true],
  [4, "web", "camera.snap", true],
  [4, "web", "system.run", false],
] as const;

for (const [protocol, platform, command, expected] of DEFAULTS)
  test(`${command} of ${platform} in protocol ${protocol} is ${expected ? "" : "not "}allowed by default`, () => {
    assert.equal(isAllowed(command, node(protocol, platform), NOTHING), expected);
  });

test("the settings allow more, and what they deny is denied whatever else says", () => {
  const phone = node(4, "iOS 18.2");

  const allowed = isAllowed("camera.snap", phone, { allow: ["camera.snap"], deny: [] });
  const denied = isAllowed("camera.snap", phone, { allow: ["camera.snap"], deny: ["camera.snap"] });
  const denyOfDefault = isAllowed("location.get", phone, { allow: [], deny: ["location.get"] });

  assert.deepEqual([allowed, denied, denyOfDefault], [true, false, false]);
});

test("an administrator is needed for what runs programs, and the node's own rules are nobody's by node.invoke", () => {
  const commands = ["system.run", "system.which", "system.execApprovals.set", "camera.snap"];

  assert.deepEqual(commands.map(runsPrograms), [true, true, true, false]);
  assert.deepEqual(commands.map(isReserved), [false, false, true, false]);
});

test("a page in a browser may offer what browsers can do, and nothing that runs programs", () => {
  const commands = ["camera.snap", "location.get", "system.run", "sms.send", "made.up"];

  assert.deepEqual(commands.map(isOfPages), [true, true, false, false, false]);
});

test("what only looks may be sent again after a crash, everything else may not", () => {
  const looking = ["camera.snap", "location.get", "system.which", "file.stat", "device.status", "photos.latest"];
  const acting = ["system.run", "sms.send", "file.write", "system.notify", "camera.clip", "made.up", "location.get.x"];

  assert.deepEqual(
    looking.filter((each) => hasEffects(each)),
    [],
  );
  assert.deepEqual(acting.filter(hasEffects), acting);
});
