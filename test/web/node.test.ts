// A browser as a node: invited by a link, asked by the gateway with consent, with a false camera, microphone and place.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { invitation, type NodeWindow, openNodeWindow, PLACE } from "../support/node-page.ts";

const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }) });
const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const client = { displayName: "Kitchen panel" };
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"], client });
let keys = 0;

/** Calls a command of a node as the operator; its payload, or the text of its refusal. */
async function ask(node: string, command: string, params: object = {}, timeoutMs = 20_000) {
  const call = { nodeId: node, command, params, timeoutMs, idempotencyKey: `w${++keys}` };
  const { payload, error } = await admin.request("node.invoke", call);
  return error ? error.message : payload.payload;
}

/** What the log of the page says, the newest first. */
const logOf = ({ page }: NodeWindow) =>
  page
    .locator(".journal li")
    .evaluateAll((lines) => lines.map((line) => [...line.children].slice(1).map(({ textContent }) => textContent)));

test("an invited browser takes a picture, films, records and tells where it is, each with consent", async () => {
  await using window = await openNodeWindow(browser);
  await window.join(await invitation(gateway, "phone"));
  const { page } = window;

  const asked = ask("phone", "camera.snap", { maxWidth: 320 });
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  const question = (await dialog.textContent()) ?? "";
  await dialog.getByRole("button", { name: "Once" }).click();
  const snap = await asked;
  await window.choose("Film", "Always");
  const clip = await ask("phone", "camera.clip", { durationMs: 600 });
  const silent = await ask("phone", "camera.clip", { durationMs: 300, includeAudio: false });
  const recording = ask("phone", "microphone.clip", { durationMs: 500 });
  await dialog.getByRole("button", { name: "For ten minutes" }).click();
  const sound = await recording;
  const again = await ask("phone", "microphone.clip", { durationMs: 300 });
  const placing = ask("phone", "location.get", { desiredAccuracy: "precise" });
  await dialog.getByRole("button", { name: "Always" }).click();
  const place = await placing;

  assert.match(question, /Kitchen panel asks for a picture from the front camera/);
  const picture = Buffer.from(snap.base64, "base64");
  assert.deepEqual([snap.format, snap.width, picture.subarray(0, 3).toString("hex")], ["jpg", 320, "ffd8ff"]);
  assert.deepEqual([clip.hasAudio, silent.hasAudio, sound.hasAudio, again.hasAudio], [true, false, true, true]);
  for (const { format, base64 } of [clip, silent, sound, again]) {
    const head = Buffer.from(base64, "base64").subarray(0, 8);
    const isReal = format === "webm" ? head.readUInt32BE() === 0x1a45dfa3 : head.toString("latin1", 4) === "ftyp";
    assert.ok(isReal, `${format}: ${head.toString("hex")}`);
  }
  assert.deepEqual(
    [place.lat, place.lon, place.accuracyMeters, place.isPrecise],
    [PLACE.latitude, PLACE.longitude, PLACE.accuracy, true],
  );
  assert.deepEqual(await logOf(window), [
    ["location.get", "Kitchen panel", "Done, always allowed"],
    ["microphone.clip", "Kitchen panel", "Done, allowed for ten minutes"],
    ["microphone.clip", "Kitchen panel", "Done, allowed for ten minutes"],
    ["camera.clip", "Kitchen panel", "Done, always allowed"],
    ["camera.clip", "Kitchen panel", "Done, always allowed"],
    ["camera.snap", "Kitchen panel", "Done, allowed once"],
  ]);
  assert.deepEqual(window.problems, []);
  assert.equal(await page.evaluate("location.hash"), "");
});
