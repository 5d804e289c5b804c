// Every component on the A2UI page, as people see and hear it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { EVERYTHING } from "../../packages/a2ui/src/samples.ts";
import { A2uiHost, openWindow } from "../support/a2ui-page.ts";
import { startBrowser } from "../support/browser.ts";
import { SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const host = await new A2uiHost().listen();
after(async () => {
  await browser.close();
  await host[Symbol.asyncDispose]();
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can use every component on a ${size}, light and dark`, async () => {
    host.screen = EVERYTHING;
    await using window = await openWindow(browser, { ...SIZES[size] });
    const { page } = window;

    await page.goto(host.page);
    await page.getByRole("heading", { name: "Dinner for two" }).waitFor();
    await page.getByText("<b>Nothing</b> is ordered").waitFor();
    await inspect(window, `a2ui-everything-${size}`);
    await page.getByLabel("Name").fill("Grace");
    await page.getByLabel("Bread").check();
    await page.getByRole("button", { name: "Order" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: { context: unknown } };
    await inspect(window, `a2ui-sent-${size}`);

    assert.deepEqual(userAction.context, { name: "Grace", side: ["bread"] });
    assert.deepEqual(window.problems, []);
  });
}
