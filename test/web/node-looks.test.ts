// The page of a node at both sizes and in both colours: usable by everyone, for a thumb, also where the browser withholds
// what a node needs.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { invitation, openNodeWindow } from "../support/node-page.ts";
import { SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

/** A name that is not this machine's to the browser: over plain http it is no secure context. */
const FAR = "gateway.test";

const config = { models: { detectLocal: false }, gateway: { allowedHosts: [FAR] } };
const gateway = await testGateway({ config: JSON.stringify(config) });
const browser = await startBrowser(["--use-fake-ui-for-media-stream", `--host-resolver-rules=MAP ${FAR} 127.0.0.1`]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const client = { displayName: "Kitchen panel" };
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"], client });

/** Controls that a thumb misses: smaller than 44 pixels in one direction. */
async function small(page: Page): Promise<string[]> {
  return await page
    .locator("button:visible, select:visible, label.check:visible, input[name]:visible")
    .evaluateAll((all) =>
      all
        .filter((each) => Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height) < 44)
        .map((each) => each.outerHTML.slice(0, 80)),
    );
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can use the page of a node on a ${size}, light and dark`, async () => {
    await using window = await openNodeWindow(browser, gateway, { size });
    const { page } = window;
    const name = `phone-${size}`;
    const look = async (screen: string) => {
      await inspect(window, `node-${screen}-${size}`);
      assert.deepEqual(await small(page), [], screen);
    };

    await page.goto(`${gateway.httpUrl}/node`);
    await page.getByText("moltbot nodes invite").waitFor();
    await look("uninvited");
    await page.goto(await invitation(gateway, name));
    await page.getByRole("button", { name: "Connect" }).waitFor();
    await look("joining");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.locator(".link.connected").waitFor();
    await look("empty");
    const call = { nodeId: name, timeoutMs: 20_000 };
    await admin.call("node.invoke", { ...call, command: "device.status", idempotencyKey: `${name}-1` });
    await admin.call("node.invoke", { ...call, command: "camera.list", idempotencyKey: `${name}-2` });
    const params = { facing: "back" };
    const asked = admin.request("node.invoke", {
      ...call,
      command: "camera.snap",
      params,
      idempotencyKey: `${name}-3`,
    });
    await page.getByRole("dialog").waitFor();
    await look("question");
    await page.getByRole("button", { name: "No", exact: true }).click();
    const refused = await asked;
    await page.locator(".journal .refused").waitFor();
    await look("log");
    await admin.call("node.pair.remove", { nodeId: name });
    await page.getByRole("heading", { name: "This browser is no longer a node" }).waitFor();
    await look("removed");

    assert.match(refused.error?.message ?? "", /^CAMERA_PERMISSION_REQUIRED: the person at the device said no/);
    assert.deepEqual(window.problems, []);
  });

  test(`over plain http the page says what is missing and the ways out, on a ${size}, light and dark`, async () => {
    await using window = await openNodeWindow(browser, gateway, { size, permissions: [] });
    const { page } = window;

    await page.goto(`http://${FAR}:${gateway.port}/node#invite=never-shown`);
    await page.getByRole("heading", { name: "This address is not safe enough" }).waitFor();
    await page.getByRole("button", { name: "Show the canvas" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(window, `node-insecure-${size}`);
    const text = (await page.getByRole("main").textContent()) ?? "";

    assert.equal(await page.evaluate("isSecureContext"), false);
    assert.match(text, /no camera, no microphone, no place, no notifications and no key/);
    assert.match(text, /config set gateway\.tailscale\.mode serve/);
    assert.match(text, /gateway\.tls\.enabled true/);
    assert.deepEqual(await small(page), []);
    assert.equal(await page.evaluate("location.hash"), "");
  });
}
