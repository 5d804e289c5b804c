// A browser as a node: invited by a link, asked by the gateway with consent, with a false camera, microphone and place.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { untilTrue } from "../support/in-page.ts";
import { asking, invitation, type NodeWindow, openNodeWindow, PLACE } from "../support/node-page.ts";

const gateway = await testGateway({
  config: JSON.stringify({ models: { detectLocal: false }, canvasHost: { enabled: false } }),
});
const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
const ask = await asking(gateway);

/** What the log of the page says, the newest first. */
const logOf = ({ page }: NodeWindow) =>
  page
    .locator(".journal li")
    .evaluateAll((lines) => lines.map((line) => [...line.children].slice(1).map(({ textContent }) => textContent)));

test("an invited browser takes a picture, films, records and tells where it is, each with consent", async () => {
  await using window = await openNodeWindow(browser, gateway);
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
  await dialog.getByRole("button", { name: "Ten minutes" }).click();
  const sound = await recording;
  const again = await ask("phone", "microphone.clip", { durationMs: 300 });
  const placing = ask("phone", "location.get", { desiredAccuracy: "precise" });
  await dialog.getByRole("button", { name: "Always" }).click();
  const place = await placing;

  assert.match(question, /“Kitchen panel” asks for a picture from the front camera/);
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
    ["location.get", "“Kitchen panel”", "Done, always allowed"],
    ["microphone.clip", "“Kitchen panel”", "Done, allowed for ten minutes"],
    ["microphone.clip", "“Kitchen panel”", "Done, allowed for ten minutes"],
    ["camera.clip", "“Kitchen panel”", "Done, always allowed"],
    ["camera.clip", "“Kitchen panel”", "Done, always allowed"],
    ["camera.snap", "“Kitchen panel”", "Done, allowed once"],
  ]);
  assert.deepEqual(window.problems, []);
  assert.equal(await page.evaluate("location.hash"), "");
});

test("what the person does not allow is refused in the protocol's words, and so is what cannot be", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "strict"));
  const { page } = window;
  const dialog = page.getByRole("dialog");

  const no = ask("strict", "location.get");
  await dialog.getByRole("button", { name: "No", exact: true }).click();
  const escaped = ask("strict", "microphone.clip");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  const silent = ask("strict", "camera.clip", {}, 1_000);
  const unanswered = await silent;
  await dialog.waitFor({ state: "detached" });
  await window.choose("Take pictures", "Never");
  const never = await ask("strict", "camera.snap");
  await window.choose("Take pictures", "Always");
  const words = await ask("strict", "camera.snap", { facing: "up" });
  const noCamera = await ask("strict", "camera.snap", { deviceId: "no-such-camera" });
  const number = await ask("strict", "camera.snap", { maxWidth: "wide" });
  const nobody = await ask("strict", "canvas.a2ui.push", { messages: [] });

  assert.equal(await no, "LOCATION_PERMISSION_REQUIRED: the person at the device said no");
  assert.equal(await escaped, "MIC_PERMISSION_REQUIRED: the person at the device said no");
  assert.equal(unanswered, "CAMERA_PERMISSION_REQUIRED: nobody answered on the device in time");
  assert.equal(never, "CAMERA_PERMISSION_REQUIRED: the person at the device does not allow this");
  assert.equal(words, "INVALID_REQUEST: facing must be front or back");
  assert.equal(noCamera, "CAMERA_UNAVAILABLE: there is no camera with this deviceId; camera.list names them");
  assert.equal(number, "INVALID_REQUEST: maxWidth must be a number");
  assert.equal(nobody, "A2UI_HOST_NOT_CONFIGURED: the gateway has no canvas; switch it on with canvasHost.enabled");
  assert.deepEqual(window.problems, []);
});

test("a page in the background says so, and still notifies and tells its state", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "pocket"));
  const { page } = window;
  await window.choose("Take pictures", "Always");
  await window.setHidden(true);

  const snap = await ask("pocket", "camera.snap");
  const status = await ask("pocket", "device.status");
  const notified = await ask("pocket", "system.notify", { title: "Tea", body: "It is ready" });
  const shown = await page.evaluate(`(async () => {
    const worker = await navigator.serviceWorker.getRegistration("/node");
    return (await worker.getNotifications()).map(({ title, body }) => ({ title, body }));
  })()`);
  await window.setHidden(false);
  const again = await ask("pocket", "camera.snap");

  assert.equal(snap, "NODE_BACKGROUND_UNAVAILABLE: the page is in the background; open it on the device");
  assert.equal(status.page.isVisible, false);
  assert.deepEqual([typeof status.battery.level, status.network.isOnline], ["number", true]);
  assert.deepEqual(notified, {});
  assert.deepEqual(shown, [{ title: "Tea", body: "It is ready" }]);
  assert.equal(again.format, "jpg");
});

test("the title says who asks, and a question ends with its connection", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "slow"));
  const { page } = window;

  const given = ask("slow", "camera.snap", {}, 60_000);
  await page.getByRole("dialog").waitFor();
  const title = await page.title();
  await admin.call("node.pair.remove", { nodeId: "slow" });
  const answer = await given;
  await page.getByRole("heading", { name: "This browser is no longer a node" }).waitFor();

  assert.equal(title, "● “Kitchen panel” asks – Moltbot node");
  assert.match(answer, /node disconnected/);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal(await page.title(), "Moltbot node");
});

test("the screen is recorded when its person chooses one, and asked about each time", async () => {
  await using window = await openNodeWindow(browser, gateway, { size: "desktop" });
  await window.join(await invitation(gateway, "desk"));
  const dialog = window.page.getByRole("dialog");

  const asked = ask("desk", "screen.record", { durationMs: 700, fps: 5 });
  await dialog.waitFor();
  const buttons = await dialog.getByRole("button").allTextContents();
  await dialog.getByRole("button", { name: "Once" }).click();
  const film = await asked;

  assert.deepEqual(buttons, ["Once", "No"]);
  assert.deepEqual([film.fps, film.screenIndex, film.hasAudio, film.durationMs >= 700], [5, 0, false, true], film);
  assert.ok(Buffer.from(film.base64, "base64").length > 1_000);
});

test("the screen stays on while the page is in view, and again when it comes back", async () => {
  const script = `{
    window.locks = [];
    WakeLock.prototype.request = async (type) => {
      const lock = { type, released: false, release: async () => void (lock.released = true) };
      window.locks.push(lock);
      return lock;
    };
  }`;
  await using window = await openNodeWindow(browser, gateway, { script });
  await window.join(await invitation(gateway, "light"));
  const { page } = window;
  const locks = () => page.evaluate("window.locks.map(({ type, released }) => [type, released])");
  const box = page.getByLabel("Keep the screen on");

  await box.check();
  await untilTrue(page, "window.locks.length === 1");
  await page.evaluate("window.locks[0].released = true"); // as browsers do when the page is hidden
  await window.setHidden(true);
  await window.setHidden(false);
  await untilTrue(page, "window.locks.length === 2");
  await box.uncheck();
  await untilTrue(page, "window.locks[1].released");

  assert.deepEqual(await locks(), [
    ["screen", true],
    ["screen", true],
  ]);
});
