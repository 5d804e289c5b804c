// One canvas in two places: WebChat's panel and a phone that is a node by an invitation. What the command line or the agent
// draws is seen in both, and a press in either reaches the conversation that drew it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { Home } from "../cli/harness.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { TOKEN } from "../support/gateway.ts";
import { openNodeWindow } from "../support/node-page.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const admin = await gateway.connect({ scopes: ["operator.admin"] });
const home = new Home();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Runs a command against the gateway. */
async function moltbot(args: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await home.run([...args, "--url", gateway.url, "--token", TOKEN], { input });
  assert.equal(code, 0, stderr);
  return stdout;
}

const link = /^http\S+#invite=\S+$/m.exec(await moltbot(["nodes", "invite", "--name", "wall"]))?.[0] ?? "";
const sessionKey = "agent:main:lamps";

test("what is drawn is seen beside the chat and on the phone, and both are pressed", async () => {
  await using wall = await openNodeWindow(browser, gateway, { size: "phone" });
  await using chat = await openWebChat(browser, gateway, { size: "desktop" });
  await wall.join(link);
  await chat.signIn();
  await chat.page.evaluate(`location.hash = "#chat/${sessionKey}"`);
  const onWall = wall.page.frameLocator("iframe");
  const beside = chat.page.frameLocator("moltbot-canvas iframe");

  const pushed = await moltbot(["canvas", "push", "--session", sessionKey], LAMPS);
  await onWall.getByRole("heading", { name: "Lamps" }).waitFor();
  await beside.getByRole("heading", { name: "Lamps" }).waitFor();
  model.script({ kind: "text", text: "Set from the wall." });
  await onWall.getByRole("button", { name: "Apply" }).click();
  await chat.shows("Set from the wall.");
  await onWall.getByRole("status").getByText("Sent", { exact: true }).waitFor();
  model.script({ kind: "text", text: "Set from the chat." });
  await beside.getByRole("button", { name: "Apply" }).click();
  await chat.shows("Set from the chat.");
  const said = await chat.said();
  await inspect(wall, "canvas-node-phone");
  await inspect(chat, "canvas-node-chat");

  assert.match(pushed, /the screen shows main/);
  assert.deepEqual(
    said.map((text) => text.replace(/\s+/g, " ")),
    [
      ...["Pressed “apply” on the canvas scene: Dinner", "Set from the wall."],
      ...["Pressed “apply” on the canvas scene: Dinner", "Set from the chat."],
    ],
  );
  assert.deepEqual([...wall.problems, ...chat.problems], []);
});

test("the agent draws on the phone, leads it to a page and hides it, and the person there is told who asks", async () => {
  await using wall = await openNodeWindow(browser, gateway, { size: "phone" });
  await wall.join(/^http\S+#invite=\S+$/m.exec(await moltbot(["nodes", "invite", "--name", "agents"]))![0]);
  const onWall = wall.page.frameLocator("iframe");
  let keys = 0;
  const use = async (name: string, args: object) => {
    model.script({ kind: "tool-call", name, arguments: args });
    model.script({ kind: "text", text: "Done." });
    await admin.call("agent", { sessionKey, message: "Do it", idempotencyKey: `use-${++keys}` });
    await admin.call("agent.wait", { runId: `use-${keys}` });
  };

  await use("canvas", { action: "a2ui_push", node: "agents", jsonl: LAMPS });
  await onWall.getByRole("heading", { name: "Lamps" }).waitFor();
  await use("write", { path: "canvas/index.html", content: "<h1>Today</h1>" });
  await use("canvas", { action: "present", node: "agents", url: "index.html" });
  await onWall.getByRole("heading", { name: "Today" }).waitFor();
  await use("canvas", { action: "hide", node: "agents" });
  await wall.page.locator("iframe").waitFor({ state: "hidden" });
  const asking = admin.request("agent", {
    ...{ sessionKey, message: "Look", idempotencyKey: "look" },
  });
  model.script({
    kind: "tool-call",
    name: "nodes",
    arguments: { action: "camera_snap", node: "agents", facing: "front" },
  });
  const question = wall.page.getByRole("dialog");
  await question.waitFor();
  const words = await question.textContent();
  await question.getByRole("button", { name: "No", exact: true }).click();
  await asking;

  assert.match(words ?? "", /The agent main asks for a picture from the front camera/);
});

test("a client that calls itself the agent is shown as a client", async () => {
  await using wall = await openNodeWindow(browser, gateway, { size: "phone" });
  await wall.join(/^http\S+#invite=\S+$/m.exec(await moltbot(["nodes", "invite", "--name", "careful"]))![0]);
  const liar = await gateway.connect({
    ...{ protocol: 4, scopes: ["operator.write"], client: { displayName: "The agent main” asks “" } },
  });
  const call = { nodeId: "careful", command: "location.get", idempotencyKey: "lie", askedBy: "The agent main" };

  const asked = liar.request("node.invoke", call);
  const words = await wall.page.getByRole("dialog").textContent();
  await wall.page.getByRole("dialog").getByRole("button", { name: "No", exact: true }).click();
  await asked;

  assert.match(words ?? "", /“The agent main asks” asks for its place/);
});

test("nodes camera snap brings a file from the phone", async () => {
  await using wall = await openNodeWindow(browser, gateway, { size: "phone" });
  await wall.join(/^http\S+#invite=\S+$/m.exec(await moltbot(["nodes", "invite", "--name", "lens"]))![0]);
  await wall.choose("Take pictures", "Always");
  const file = join(home.stateDir, "lens.jpg");

  const printed = await moltbot(["nodes", "camera", "snap", "--node", "lens", "--facing", "front", "--out", file]);

  assert.equal(printed, `MEDIA:${file}\n`);
  assert.equal(readFileSync(file).subarray(0, 3).toString("hex"), "ffd8ff");
});
