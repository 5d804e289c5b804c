// A browser as a node whose settings forbid what it is asked for.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { asking, invitation, openNodeWindow } from "../support/node-page.ts";

const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }) });
const browser = await startBrowser(["--use-fake-ui-for-media-stream=deny"]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const ask = await asking(gateway);

test("what the browser's settings forbid is told as such", async () => {
  await using window = await openNodeWindow(browser, gateway, { permissions: [] });
  await window.join(await invitation(gateway, "closed"));
  for (const ability of ["Take pictures", "Record sound", "Tell where it is"]) await window.choose(ability, "Always");

  const camera = await ask("closed", "camera.snap");
  const microphone = await ask("closed", "microphone.clip");
  const place = await ask("closed", "location.get");
  const notice = await ask("closed", "system.notify", { title: "Tea" });

  assert.match(camera, /^CAMERA_PERMISSION_REQUIRED: the browser does not let this page use the camera; allow it/);
  assert.match(microphone, /^MIC_PERMISSION_REQUIRED: /);
  assert.match(place, /^LOCATION_PERMISSION_REQUIRED: /);
  assert.match(notice, /^NOTIFICATION_PERMISSION_REQUIRED: /);
});
