import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, type SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
const folder = join(gateway.stateDir, "skills", "weather");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "SKILL.md"), "---\nname: weather\ndescription: Tells the weather.\n---\n\nLook out.\n");
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

for (const [size, scheme] of [
  ["desktop", "light"],
  ["phone", "dark"],
] as [keyof typeof SIZES, "light" | "dark"][]) {
  test(`the tools page says what the agent may use, on a ${size} in ${scheme}`, async () => {
    await using chat = await openWebChat(browser, gateway, { size, scheme });
    const { page } = chat;
    await chat.signIn();

    if (size === "phone") await page.getByRole("button", { name: "Show conversations" }).click();
    await page.getByRole("button", { name: "Tools and skills" }).click();
    await page.getByRole("heading", { name: "Skills", exact: true }).waitFor();
    await inspect(chat, `tools-page-${size}-${scheme}`);
    await page.getByText("sessions_list", { exact: true }).waitFor();
    await page.goBack();

    await chat.field.waitFor();
    assert.deepEqual(chat.problems, []);
  });
}

test("a skill is switched off and on again", async () => {
  await using chat = await openWebChat(browser, gateway);
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const isDisabled = async () => (await client.call("skills.status", {})).skills[0].disabled;
  await chat.signIn();
  await chat.page.getByRole("button", { name: "Tools and skills" }).click();
  const use = chat.page.getByRole("switch", { name: "Use weather" });

  await use.click();
  await chat.page.getByText("weather is off.").waitFor({ state: "attached" });
  const off = await isDisabled();
  await use.click();
  await chat.page.getByText("weather is on.").waitFor({ state: "attached" });

  assert.deepEqual([off, await isDisabled()], [true, false]);
  assert.deepEqual(chat.problems, []);
});
