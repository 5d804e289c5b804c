// The settings page: found, changed and saved after a look at the difference; taken back; the file; two people at once.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const SECRET = "sk-very-secret-0123456789";
const CONFIG = `{
  models: {
    detectLocal: false, // nothing runs here
    providers: { fake: { api: "openai-compatible", baseUrl: "http://127.0.0.1:9/v1", apiKey: "${SECRET}" } },
  },
  // هنا نكتب: the main one is for the family
  agents: { list: [{ id: "main", name: "Max" }] },
}
`;
const browser = await startBrowser();
const gateway = await testGateway({ config: CONFIG });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Settings" }).click();
  await chat.page.getByRole("heading", { name: "The file itself" }).waitFor();
}

const setting = (chat: WebChat, path: string) => chat.page.locator(`[data-setting="${path}"]`);

async function change(chat: WebChat, path: string, value: string): Promise<void> {
  await chat.page.getByRole("searchbox", { name: "Search settings" }).fill(path);
  await chat.page.getByRole("button", { name: `Change ${path}`, exact: true }).click();
  await setting(chat, path).locator("form :is(input, textarea)").fill(value);
  await chat.page.getByRole("button", { name: "Take over" }).click();
}

async function save(chat: WebChat): Promise<void> {
  await chat.page.getByRole("button", { name: "Review and save" }).first().click();
  await chat.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await chat.page.getByRole("dialog").waitFor({ state: "hidden" });
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can read the settings, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    await open(chat, size);
    await setting(chat, "models.detectLocal").getByText("nothing runs here").waitFor();
    await inspect(chat, `settings-${size}`);

    await change(chat, "agents.defaults.timeoutSeconds", "45");
    await chat.page.getByRole("button", { name: "Review and save" }).first().click();
    await chat.page.getByText("goes to the history").waitFor();
    await inspect(chat, `settings-review-${size}`);

    assert.deepEqual(chat.problems, []);
  });
}

test("a setting is changed with its comments kept, the dialog says what restarts, and the history takes it back", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);

  await change(chat, "agents.defaults.timeoutSeconds", "61");
  await chat.page.getByRole("button", { name: "Review and save" }).first().click();
  const dialog = chat.page.getByRole("dialog");
  await dialog.getByText(/timeoutSeconds"?: 61/).waitFor();
  const words = await dialog.getByRole("status").textContent();
  await dialog.getByRole("button", { name: "Save" }).click();
  await chat.page
    .getByRole("button", { name: /^Undo what was changed/ })
    .first()
    .waitFor();
  const written = readFileSync(gateway.configPath, "utf8");
  await chat.page
    .getByRole("button", { name: /^Undo what was changed/ })
    .first()
    .click();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });

  assert.match(words ?? "", /applies at once|restarts in place for agents/);
  assert.match(written, /timeoutSeconds"?: 61/);
  assert.match(written, /هنا نكتب/);
  assert.equal(readFileSync(gateway.configPath, "utf8"), CONFIG);
  assert.deepEqual(chat.problems, []);
});

test("a secret can be set and never reaches the page", async () => {
  const frames: string[] = [];
  await using chat = await openWebChat(browser, gateway, {
    route: (route) => {
      const server = route.connectToServer();
      route.onMessage((text) => server.send(text));
      server.onMessage((text) => {
        frames.push(String(text));
        route.send(text);
      });
    },
  });
  await open(chat);

  await change(chat, "models.providers.fake.apiKey", "sk-another-secret-9876543210");
  await save(chat);

  assert.match(readFileSync(gateway.configPath, "utf8"), /sk-another-secret-9876543210/);
  assert.deepEqual(
    frames.filter((each) => each.includes(SECRET) || each.includes("sk-another")),
    [],
  );
  const page = await chat.page.evaluate("document.body.outerHTML");
  assert.ok(!String(page).includes("sk-another"));
});

test("two people see each other's changes, and a conflict shows both", async () => {
  await using one = await openWebChat(browser, gateway);
  await using other = await openWebChat(browser, gateway);
  await open(one);
  await open(other);
  await change(one, "agents.defaults.timeoutSeconds", "70");

  await change(other, "agents.defaults.timeoutSeconds", "80");
  await save(other);
  const alert = setting(one, "agents.defaults.timeoutSeconds").getByRole("alert");
  await alert.getByText("Somebody else has set it to 80 meanwhile. Yours is 70.").waitFor();
  const isHeld = await one.page.getByRole("button", { name: "Review and save" }).first().isDisabled();
  await alert.getByRole("button", { name: "Keep mine" }).click();
  await save(one);

  assert.equal(isHeld, true);
  assert.match(readFileSync(gateway.configPath, "utf8"), /timeoutSeconds"?: 70/);
  assert.deepEqual([one.problems, other.problems], [[], []]);
});

test("a mistake in the file is named with its line, and nothing is written", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  const before = readFileSync(gateway.configPath, "utf8");
  const area = chat.page.getByRole("textbox", { name: "The config file" });
  const shown = await area.inputValue();

  await area.fill(shown.replace("detectLocal: false", 'detectLocal: "maybe"'));
  await chat.page.getByRole("button", { name: "Check" }).click();
  const issue = chat.page.getByRole("button", { name: /^Line 3: models\.detectLocal/ });
  await issue.click();
  const caret = await chat.page.evaluate(
    "document.activeElement.value?.slice(0, document.activeElement.selectionStart).split('\\n').length",
  );
  await area.fill(shown.replace("// nothing runs here", "// nothing runs on this machine"));
  await save(chat);

  assert.equal(caret, 3);
  assert.equal(
    readFileSync(gateway.configPath, "utf8"),
    before.replace("nothing runs here", "nothing runs on this machine"),
  );
  assert.deepEqual(chat.problems, []);
});
