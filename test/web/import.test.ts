// The page of older installations: what would come, taken over, taken back; also of a hostile folder, at both sizes.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { januaryFolder, put } from "../support/other-gateways.ts";
import { openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
after(() => browser.close());

/** A gateway whose home has an older installation. */
async function gatewayBeside(name = ".clawdbot") {
  const home = mkdtempSync(join(tmpdir(), "moltbot-older-"));
  const folder = join(home, name);
  januaryFolder(folder);
  const gateway = await testGateway({
    config: JSON.stringify({ models: { detectLocal: false } }),
    env: { HOME: home },
  });
  return {
    ...{ gateway, folder },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

test("the overview leads to what was found; it is shown, taken over and taken back", async () => {
  await using beside = await gatewayBeside();
  const { gateway, folder } = beside;
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();

  await page.goto(`${page.url().split("#")[0]}#overview`);
  await page.getByRole("heading", { name: "An older installation was found" }).waitFor();
  await page.getByRole("button", { name: "See what would come" }).click();
  await page.getByRole("button", { name: `Show what would come: ${folder}` }).click();
  await page.getByRole("heading", { name: "What would come" }).waitFor();
  const rows = await page.getByRole("row").allTextContents();
  await inspect(chat, "import-desktop");
  const seen = gateway.log.length;
  await page.getByRole("button", { name: "Take it over" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it over" }).click();
  await page.getByRole("heading", { name: "Taken over" }).waitFor();
  await gateway.logged("gateway listens", seen);
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const { sessions } = await client.call("sessions.list", {});
  await page.getByRole("heading", { name: "The last import" }).waitFor();
  const again = gateway.log.length;
  await page.getByRole("button", { name: "Take it back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await gateway.logged("an import was taken back", again);
  await gateway.logged("gateway listens", again);
  await page.getByRole("heading", { name: "The last import" }).waitFor({ state: "detached" });
  const after = await gateway.connect({ scopes: ["operator.admin"] });
  const left = await after.call("sessions.list", {});

  assert.ok(
    rows.some((row) => /Messages/.test(row)),
    rows.join(),
  );
  assert.ok(sessions.length > 1, JSON.stringify(sessions));
  assert.ok(left.sessions.length < sessions.length);
  assert.deepEqual(chat.problems, []);
});

test("on a phone a folder with hostile texts is shown as text, and a command is allowed only where it does no harm", async () => {
  await using beside = await gatewayBeside();
  const { gateway, folder } = beside;
  const evil = '<img src=x onerror="document.title=1">';
  put(folder, "cron/jobs.json", { version: 1, jobs: [{ id: evil, name: evil, schedule: { kind: evil } }] });
  put(folder, "exec-approvals.json", {
    version: 1,
    agents: { main: { allowlist: [{ pattern: "/bin/ls" }, { pattern: `/bin/sh ${evil}` }] } },
  });
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  const { page } = chat;
  await chat.signIn();

  await page.goto(`${page.url().split("#")[0]}#import`);
  await page.getByRole("button", { name: `Show what would come: ${folder}` }).click();
  await page.getByText(`/bin/sh ${evil}`, { exact: true }).waitFor();
  await inspect(chat, "import-phone");
  await page.getByRole("button", { name: `Allow /bin/sh ${evil}` }).click();
  await page.getByRole("alert").first().waitFor();
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const list = await client.call("exec.allowlist.list", {});

  assert.equal(await page.locator("moltbot-import img").count(), 0);
  assert.doesNotMatch(JSON.stringify(list), /bin\/sh/);
  assert.doesNotMatch(await page.title(), /^1$/);
});
