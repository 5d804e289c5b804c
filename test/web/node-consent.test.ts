// Each command of a browser node has its own consent; commands that belong together can be allowed by one choice.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { asking, invitation, openNodeWindow } from "../support/node-page.ts";

const gateway = await testGateway({
  config: JSON.stringify({ models: { detectLocal: false }, canvasHost: { enabled: false } }),
});
const browser = await startBrowser();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const ask = await asking(gateway);

test("an answer counts for its command alone, and for the group when the person says so", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "panel"));
  const { page } = window;
  const dialog = page.getByRole("dialog");
  const all = dialog.getByLabel("Ten minutes and always count for all of “Tell its state”");
  /** Asks, and answers the question that comes. */
  const answered = async (command: string, button: string, isForAll = false) => {
    const asked = ask("panel", command);
    await dialog.waitFor();
    const what = await dialog.locator("#asks-what").textContent();
    const wasTicked = await all.isChecked();
    if (isForAll) await all.check();
    await dialog.getByRole("button", { name: button, exact: true }).click();
    return { what, wasTicked, answer: await asked };
  };

  await window.choose("Tell its state", "Ask each time");
  const info = await answered("device.info", "Always");
  const again = await ask("panel", "device.info");
  const status = await answered("device.status", "Ten minutes", true);
  const cameras = await ask("panel", "camera.list");
  await page.getByText("Each for itself, not all alike").click();
  await window.choose("Tell what it is", "Never");
  const never = await ask("panel", "device.info");
  const still = await ask("panel", "device.status");
  await window.choose("Tell its state", "Always");
  const allowed = await ask("panel", "device.info");

  assert.equal(info.what, "Tell what it is: Browser, language and screen.");
  assert.match(status.what ?? "", /^Tell its condition: /);
  assert.deepEqual([info.wasTicked, status.wasTicked], [false, false]);
  for (const told of [info.answer, again, allowed]) assert.equal(typeof told.systemName, "string");
  for (const told of [status.answer, still]) assert.equal(told.page.isVisible, true);
  assert.ok(Array.isArray(cameras.devices), JSON.stringify(cameras));
  assert.equal(never, "DEVICE_PERMISSION_REQUIRED: the person at the device does not allow this");
  assert.deepEqual(window.problems, []);
});

test("a choice that an earlier page kept for a group counts for its commands", async () => {
  const script = `localStorage.setItem("moltbot.node.consent.canvas", "never");`;
  await using window = await openNodeWindow(browser, gateway, { script });
  await window.join(await invitation(gateway, "older"));

  const refused = [];
  for (const command of ["canvas.present", "canvas.navigate", "canvas.hide", "canvas.a2ui.reset"])
    refused.push(await ask("older", command, { url: "/" }));

  assert.deepEqual(refused, Array(4).fill("CANVAS_DISABLED: the person at the device does not allow this"));
});
