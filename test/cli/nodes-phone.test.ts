// Phones from the command line: pictures and films are saved, places and notifications shown, failures said as they are.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakePhone, FILM, PICTURE } from "../support/fake-phone.ts";
import { Home } from "./harness.ts";

const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
const home = new Home();
const gateway = await home.gateway([], TOKEN);
const folder = mkdtempSync(join(tmpdir(), "moltbot-phone-"));
const options = { url: gateway.url, token: TOKEN.MOLTBOT_GATEWAY_TOKEN };
const phone = await FakePhone.connect({ ...options, name: "phone" });
after(async () => {
  phone[Symbol.dispose]();
  await gateway.end("SIGKILL");
  home[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

function nodes(...args: string[]) {
  return home.run(["nodes", ...args], { env: TOKEN });
}

test("camera snap saves both sides, privately, under the names that it prints", async () => {
  const paths = ["front-photo.jpg", "back-photo.jpg"].map((name) => join(folder, name));

  const { code, stdout } = await nodes("camera", "snap", "--node", "phone", "--out", join(folder, "photo.jpg"));
  const asked = phone.asked.map(({ command, params }) => [command, params.facing]);
  const refused = await nodes("camera", "snap", "--node", "phone", "--facing", "sideways");

  assert.deepEqual([code, stdout], [0, paths.map((path) => `MEDIA:${path}\n`).join("")]);
  for (const path of paths) assert.equal(readFileSync(path).toString("base64"), PICTURE);
  for (const path of paths) assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(asked, [
    ["camera.snap", "front"],
    ["camera.snap", "back"],
  ]);
  assert.equal(refused.code, 2);
});

test("camera clip and screen record save films as long as they were asked for, from the only phone that can", async () => {
  const out = join(folder, "film.mp4");

  const clip = await nodes("camera", "clip", "--duration", "5000", "--no-audio", "--out", out);
  const clipAsked = phone.asked.at(-1)?.params;
  const screen = await nodes("screen", "record", "--duration", "2000", "--out", out, "--json");

  assert.equal(clip.stdout, `MEDIA:${out}\n`);
  assert.deepEqual([clipAsked?.durationMs, clipAsked?.includeAudio], [5_000, false]);
  assert.deepEqual(JSON.parse(screen.stdout), { files: [out] });
  assert.equal(readFileSync(out).toString("base64"), FILM);
});

test("a place is shown, and a notification is said to be done", async () => {
  using laptop = await FakePhone.connect({
    ...options,
    name: "laptop",
    platform: "darwin",
    commands: ["system.notify"],
  });

  const place = await nodes("location", "get", "--node", "phone", "--accuracy", "precise");
  const cameras = await nodes("invoke", "camera.list", "--node", "phone", "--json");
  const notified = await nodes("notify", "--title", "Tea", "--body", "It is ready", "--priority", "active");
  const refused = await nodes("notify", "--node", "phone", "--title", "Tea");

  assert.equal(JSON.parse(place.stdout).lat, 52.5);
  assert.equal(JSON.parse(cameras.stdout).devices[0].position, "back");
  assert.equal(notified.stdout, "Done.\n");
  assert.deepEqual(laptop.asked[0]?.params, { title: "Tea", body: "It is ready", priority: "active" });
  assert.match(refused.stderr, /^Node command not allowed\. Run `moltbot config set gateway\.nodes\.commands\.allow /);
});

test("a phone in the background and a missing permission are said in the phone's words", async () => {
  phone.isInForeground = false;
  const asleep = await nodes("camera", "snap", "--node", "phone", "--facing", "back");
  phone.isInForeground = true;
  phone.denied.add("location.get");
  const denied = await nodes("location", "get", "--node", "phone");
  phone.denied.clear();

  assert.deepEqual([asleep.code, denied.code], [1, 1]);
  assert.match(asleep.stderr, /NODE_BACKGROUND_UNAVAILABLE: camera\.snap works in the foreground only/);
  assert.match(denied.stderr, /LOCATION_PERMISSION_REQUIRED: allow it in the phone's settings/);
});

test("a call waits for a phone that sleeps, is listed, and is taken back", async () => {
  phone.isInForeground = false;
  const waits = await nodes("invoke", "camera.snap", "--node", "phone", "--wait-minutes", "5");
  const listed = await nodes("queue");
  const { calls } = JSON.parse((await nodes("queue", "--json")).stdout);
  const cancelled = await nodes("queue", "--cancel", calls[0].id.slice(0, 8));
  const unknown = await nodes("queue", "--cancel", "ffffffff");

  assert.match(waits.stdout, /^It waits for the node until .*\n {2}moltbot nodes queue\n$/);
  assert.match(listed.stdout, /camera\.snap +waiting/);
  assert.equal(cancelled.stdout, "camera.snap is taken back.\n");
  assert.match(unknown.stderr, /There is no such call: ffffffff/);
});
