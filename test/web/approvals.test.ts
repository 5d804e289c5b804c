import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

/** A conversation in which the agent wants to run a command; what it says afterwards has the command's output. */
async function wants(chat: WebChat, command: string): Promise<void> {
  model.script({ kind: "turn", text: "I will look.", calls: [{ name: "exec", arguments: { command } }] });
  model.script({ kind: "text", text: "That was it." });
  await chat.say("Look");
  await card(chat).waitFor();
}

const card = ({ page }: WebChat) => page.getByRole("region", { name: "A command waits for your approval" });

async function begin(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: "New conversation", exact: true }).click();
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`a command waits in the conversation until it is allowed, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    await begin(chat, size);

    await wants(chat, "uname -s > /dev/stderr && echo 'it ran' | tee -a output.txt");
    const focused = await chat.page.evaluate("document.activeElement.tagName");
    const shown = await card(chat).getByRole("group", { name: "Command" }).textContent();
    await card(chat).getByRole("button", { name: "Allow once" }).and(chat.page.locator(":enabled")).waitFor();
    await inspect(chat, `approval-${size}`);
    const title = await chat.page.title();
    await card(chat).getByRole("button", { name: "Allow once" }).click();
    await chat.shows("That was it.");

    assert.equal(shown, "uname -s > /dev/stderr && echo 'it ran' | tee -a output.txt");
    assert.notEqual(focused, "BUTTON");
    assert.match(title, /^\(1\) .+ · Moltbot$/);
    assert.match(JSON.stringify(model.requests.at(-1)?.body.messages), /it ran/);
    assert.equal(await card(chat).count(), 0);
    assert.deepEqual(chat.problems, []);
  });
}

test("a command that is denied does not run", async () => {
  await using chat = await openWebChat(browser, gateway);
  await begin(chat);

  await wants(chat, "touch denied.txt");
  await card(chat).getByRole("button", { name: "Deny" }).click();
  await chat.shows("That was it.");

  await chat.page.locator(".call.denied", { hasText: "touch denied.txt" }).waitFor();
});

test("Enter in the message field allows nothing", async () => {
  await using chat = await openWebChat(browser, gateway);
  await begin(chat);
  await wants(chat, "touch accident.txt");

  await chat.field.focus();
  await chat.page.keyboard.press("Enter");
  await chat.page.keyboard.press("Enter");

  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const { pending } = await client.call("exec.approval.list", {});
  assert.equal(pending.length, 1);
  await client.call("exec.approval.resolve", { id: pending[0].id, decision: "deny" });
  await card(chat).waitFor({ state: "detached" }); // an answer given elsewhere takes it away
});

test("a command of another conversation is announced, with the way there", async () => {
  await using chat = await openWebChat(browser, gateway);
  await begin(chat);
  await wants(chat, "touch elsewhere.txt");
  await chat.page.getByRole("button", { name: "New conversation", exact: true }).click();
  await card(chat).waitFor({ state: "detached" });

  await chat.page.getByText("1 waiting for approval").waitFor();
  await chat.page.getByText("A command waits for your approval in another conversation.").waitFor();
  await chat.page.getByRole("button", { name: "Show", exact: true }).click();

  await card(chat).getByRole("button", { name: "Deny" }).click();
  await chat.shows("That was it.");
  assert.deepEqual(chat.problems, []);
});

test("what is always allowed stands on the list, and can be taken off it", async () => {
  await using chat = await openWebChat(browser, gateway);
  await begin(chat);
  await wants(chat, "touch listed.txt");

  await card(chat).getByRole("button", { name: "Always allow" }).click();
  await chat.shows("That was it.");
  await chat.page.getByRole("button", { name: "Agents", exact: true }).click();
  await chat.page.getByRole("button", { name: /Ask again for .*touch/ }).click();
  await chat.page.getByRole("dialog").getByRole("button", { name: "Ask again" }).click();

  await chat.page.getByText(/touch.* needs approval again\./).waitFor({ state: "attached" });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  assert.deepEqual((await client.call("exec.allowlist.list", {})).entries, []);
});
