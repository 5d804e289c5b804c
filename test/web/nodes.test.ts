// A node that is connected and of no use yet: the page says what to type, and stops when somebody has typed it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { FakePhone } from "../support/fake-phone.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test("a node that waits for approval is shown with what to type, until it is approved", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  const options = {
    url: gateway.url,
    token: gateway.token,
    device: newDeviceKey(),
    name: "pocket",
    protocol: 4,
  } as const;
  using phone = await FakePhone.connect(options);
  const banner = chat.page.getByRole("status").filter({ hasText: "pocket is connected" });
  await banner.waitFor();
  const text = await banner.textContent();
  await inspect(chat, "node-waits");
  const admin = await gateway.connect({ scopes: ["operator.admin"] });
  const { pendingRequestId } = await admin.call("node.describe", { nodeId: phone.nodeId });

  await admin.call("node.pair.approve", { requestId: pendingRequestId });
  await banner.waitFor({ state: "detached" });

  assert.match(text ?? "", new RegExp(`type: moltbot nodes approve ${pendingRequestId}`));
  assert.deepEqual(chat.problems, []);
});
