// The A2UI page in a real browser, under its policy, over each of its bridges.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BRANDS } from "../../packages/a2ui/src/browser/brands.ts";
import { EVERYTHING, LAMPS, NAME } from "../../packages/a2ui/src/samples.ts";
import { A2uiHost, openWindow } from "../support/a2ui-page.ts";
import { startBrowser } from "../support/browser.ts";

const browser = await startBrowser();
const host = await new A2uiHost().listen();
after(async () => {
  await browser.close();
  await host[Symbol.asyncDispose]();
});

/** The messages of a sample. The second one ends by deleting what it drew, which nobody would see. */
function messages(jsonl: string): unknown[] {
  return jsonl
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter((each) => !("deleteSurface" in each));
}

const lamps = messages(LAMPS);
const name = messages(NAME);

describe("in a plain browser", () => {
  test("the screen that is there is drawn at once, and a press goes over the socket beside the page", async () => {
    host.screen = lamps;
    await using window = await openWindow(browser);
    await window.page.goto(`${host.page}?session=agent:main:main`);

    await window.page.getByRole("heading", { name: "Lamps" }).waitFor();
    const rows = await window.page.locator(".a2ui-list-item-none").allTextContents();
    await window.page.getByRole("button", { name: "Apply" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: Record<string, unknown> };

    assert.deepEqual(
      rows.map((row) => row.trim()),
      ["Lamp A", "Lamp B"],
    );
    const { id, timestamp, ...rest } = userAction;
    assert.match(String(id), /^[0-9a-f]{32}$/);
    assert.equal(new Date(String(timestamp)).toISOString(), timestamp);
    assert.deepEqual(rest, { name: "apply", surfaceId: "main", sourceComponentId: "go", context: { scene: "Dinner" } });
    assert.equal(
      host.asked.at(-1),
      "/__openclaw__/cap/abcdefghijklmnopqrstuvwx/__openclaw__/a2ui/ws?session=agent:main:main",
    );
    await window.page.getByRole("status").getByText("Sent", { exact: true }).waitFor();
    host.open.at(-1)?.send(JSON.stringify({ type: "apply", messages: lamps.slice(1, 2) }));
    await window.page.getByRole("status").getByText("Updated").waitFor();
    assert.deepEqual(window.problems, []);
  });

  test("what a person wrote goes with the press, and stays when the connection comes back", async () => {
    host.screen = name;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    const field = window.page.getByLabel("Name");
    await field.fill("Grace");

    const again = host.nextSocket();
    host.open.at(-1)?.close();
    await again;
    await window.page.getByRole("status").waitFor({ state: "hidden" });
    await window.page.getByRole("button", { name: "Save" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: Record<string, unknown> };

    assert.equal(await field.inputValue(), "Grace");
    assert.deepEqual(userAction.context, { name: "Grace" });
  });

  test("a screen that comes whole changes what is other, and leaves what a person writes", async () => {
    host.screen = name;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    const field = window.page.getByLabel("Name");
    await field.fill("Grace");
    const text = { id: "okt", component: "Text", text: "Keep" };
    const update = { version: "v0.9", updateComponents: { surfaceId: "s1", components: [text] } };

    host.open.at(-1)?.send(JSON.stringify({ type: "surface", messages: [...name, update] }));
    await window.page.getByRole("button", { name: "Keep" }).waitFor();
    const kept = await field.inputValue();
    host.open.at(-1)?.send(JSON.stringify({ type: "surface", messages: lamps }));
    await window.page.getByRole("heading", { name: "Lamps" }).waitFor();

    assert.equal(kept, "Grace");
    assert.equal(await window.page.locator("section").count(), 1);
    assert.deepEqual(window.problems, []);
  });

  test("a page whose address has ended says so, and does not ask again", async () => {
    host.screen = name;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    await window.page.getByRole("button", { name: "Save" }).waitFor();
    const asked = host.asked.length;

    host.open.at(-1)?.close(4001);
    await window.page.getByRole("status").getByText("This address has ended. Open the canvas anew.").waitFor();
    await window.page.getByRole("button", { name: "Save" }).click();
    await window.page.getByRole("status").getByText("Not sent: there is no connection to the gateway").waitFor();

    assert.equal(host.asked.length, asked);
  });

  test("a press that the gateway refuses says why", async () => {
    host.screen = name;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    await window.page.getByRole("button", { name: "Save" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: { id: string } };

    const answer = { type: "actionStatus", id: userAction.id, ok: false, error: "the agent is busy" };
    host.open.at(-1)?.send(JSON.stringify(answer));

    await window.page.getByRole("status").getByText("Not sent: the agent is busy").waitFor();
  });

  test("the page works in a sandbox, where it has no origin", async () => {
    host.screen = lamps;
    host.isSandboxed = true;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    await window.page.getByRole("button", { name: "Apply" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: { name: string } };
    host.isSandboxed = false;

    assert.equal(await window.page.evaluate("origin"), "null");
    assert.equal(userAction.name, "apply");
    assert.deepEqual(window.problems, []);
  });

  test("components keep the ids that the agent gave, also where one that is not the root is called root", async () => {
    const components = [
      { id: "go", component: { Button: { child: "root", action: { name: "go" } } } },
      { id: "root", component: { Text: { text: { literalString: "Go on" } } } },
    ];
    host.screen = [
      { surfaceUpdate: { surfaceId: "main", components } },
      { beginRendering: { surfaceId: "main", root: "go" } },
    ];
    await using window = await openWindow(browser);
    await window.page.goto(host.page);

    await window.page.getByRole("button", { name: "Go on" }).click();
    const { userAction } = (await host.nextAction()) as { userAction: Record<string, unknown> };
    const text = [{ id: "root", component: { Text: { text: { literalString: "Further" } } } }];
    const update = { surfaceUpdate: { surfaceId: "main", components: text } };
    host.open.at(-1)?.send(JSON.stringify({ type: "apply", messages: [update] }));
    await window.page.getByRole("button", { name: "Further" }).waitFor();

    assert.equal(userAction.sourceComponentId, "go");
    assert.equal("context" in userAction, false);
  });

  test("who presses without end is told to wait, and the gateway is spared", async () => {
    host.screen = name;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    const button = window.page.getByRole("button", { name: "Save" });
    await button.waitFor();

    await button.evaluate((each) => Array.from({ length: 7 }, () => (each as HTMLElement).click()));
    await window.page.getByRole("status").getByText("Not sent: Too many presses").waitFor();
    const ids = await Promise.all(Array.from({ length: 5 }, () => host.nextAction()));

    assert.equal(ids.length, 5);
    assert.equal(host.waitingActions, 0);
  });

  test("what a page draws is held back until it begins", async () => {
    host.screen = lamps.slice(0, 2);
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    await window.page.getByText("Nothing is shown here yet").waitFor();

    host.open.at(-1)?.send(JSON.stringify({ type: "apply", messages: lamps.slice(2) }));

    await window.page.getByRole("heading", { name: "Lamps" }).waitFor();
  });

  test("reset empties the page", async () => {
    host.screen = lamps;
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    await window.page.getByRole("heading", { name: "Lamps" }).waitFor();

    host.open.at(-1)?.send(JSON.stringify({ type: "reset" }));

    await window.page.getByText("Nothing is shown here yet").waitFor();
    assert.equal(await window.page.locator("section").count(), 0);
  });
});

describe("in an app", () => {
  for (const brand of BRANDS) {
    test(`${brand}'s names are there, and a press goes to its handler`, async () => {
      await using window = await openWindow(browser);
      await window.page.addInitScript(`
        self.posted = [];
        self.webkit = { messageHandlers: { ${brand}CanvasA2UIAction: { postMessage: (message) => posted.push(message) } } };
      `);
      await window.page.goto(`${host.page}?platform=ios`);

      const applied = await window.page.evaluate(`${brand}A2UI.applyMessages(${JSON.stringify(lamps)})`);
      await window.page.getByRole("button", { name: "Apply" }).click();
      const posted = await window.page.evaluate("posted");
      await window.page.getByRole("status").getByText("Sending…").waitFor();
      await window.page.evaluate(
        `dispatchEvent(new CustomEvent("${brand}:a2ui-action-status", { detail: { id: posted[0].userAction.id, ok: true } }))`,
      );
      await window.page.getByRole("status").getByText("Sent", { exact: true }).waitFor();
      const reset = await window.page.evaluate(`[${brand}A2UI.reset(), ${brand}A2UI.getSurfaces()]`);

      assert.deepEqual(applied, { ok: true, surfaces: ["main"] });
      assert.deepEqual(reset, [{ ok: true }, []]);
      assert.equal((posted as { userAction: { name: string } }[])[0]?.userAction.name, "apply");
      assert.equal(await window.page.evaluate("document.documentElement.dataset.platform"), "ios");
      assert.equal(await window.page.evaluate(`document.querySelector("${brand}-a2ui-host") !== null`), true);
      assert.deepEqual(window.problems, []);
    });
  }

  test("Android's handler gets text", async () => {
    await using window = await openWindow(browser);
    await window.page.addInitScript(
      "self.posted = []; self.clawdbotCanvasA2UIAction = { postMessage: (text) => posted.push(text) };",
    );
    await window.page.goto(host.page);

    await window.page.evaluate(`openclawA2UI.applyMessages(${JSON.stringify(lamps)})`);
    await window.page.getByRole("button", { name: "Apply" }).click();
    const [text] = (await window.page.evaluate("posted")) as string[];

    assert.equal((JSON.parse(text ?? "") as { userAction: { name: string } }).userAction.name, "apply");
  });

  test("a bad message throws what is wrong with it, and draws nothing of its push", async () => {
    host.screen = [];
    await using window = await openWindow(browser);
    await window.page.goto(host.page);
    const bad = [
      ...lamps,
      { surfaceUpdate: { surfaceId: "main", components: [{ id: "x", component: { Teapot: {} } }] } },
    ];

    const said = await window.page.evaluate(
      `(() => { try { clawdbotA2UI.applyMessages(${JSON.stringify(bad)}); } catch (error) { return error.message; } })()`,
    );
    const noList = await window.page.evaluate(
      `(() => { try { clawdbotA2UI.applyMessages("x"); } catch (error) { return error.message; } })()`,
    );

    assert.match(String(said), /^line 4: component "x" is a "Teapot", which is unknown; use one of Text, /);
    assert.equal(noList, "applyMessages takes a list of messages.");
    assert.deepEqual(await window.page.evaluate("clawdbotA2UI.getSurfaces()"), []);
  });

  test("messages that an app left before the page came are drawn", async () => {
    await using window = await openWindow(browser);
    await window.page.addInitScript(`self.openclawA2UIBoot = { messages: ${JSON.stringify(lamps)} };
      self.webkit = { messageHandlers: { openclawCanvasA2UIAction: { postMessage() {} } } };`);
    await window.page.goto(host.page);

    await window.page.getByRole("heading", { name: "Lamps" }).waitFor();
  });

  test("agents can draw on the page's canvas and show a debug line", async () => {
    await using window = await openWindow(browser);
    await window.page.goto(host.page);

    await window.page.evaluate(
      "__clawdbot.ctx.fillRect(0, 0, 10, 10); __moltbot.setDebugStatusEnabled(true); __openclaw.setStatus('Ready', 'node 1')",
    );

    await window.page.getByText("Ready · node 1").waitFor();
    assert.deepEqual(
      await window.page.evaluate("[...__openclaw.canvas.getContext('2d').getImageData(5, 5, 1, 1).data]"),
      [0, 0, 0, 255],
    );
  });
});

describe("framed by WebChat", () => {
  test("a sandboxed frame draws what its parent says, tells it of a press, and hears nobody else", async () => {
    await using window = await openWindow(browser);
    await window.page.goto(`${host.url}/parent`);
    const frame = window.page.frameLocator("iframe");
    await frame.getByText("Nothing is shown here yet").waitFor();
    const say = (message: unknown) => window.page.evaluate(`frames[0].postMessage(${JSON.stringify(message)}, "*")`);

    await say({ type: "a2ui.apply", id: "1", messages: lamps });
    await frame.getByRole("button", { name: "Apply" }).click();
    await say({ type: "a2ui.apply", id: "2", messages: [{ nothing: true }] });
    await say({ type: "a2ui.reset", id: "3" });
    await frame.getByText("Nothing is shown here yet").waitFor();
    await window.page.locator("li").nth(4).waitFor();
    const heard = (await window.page.evaluate("heard")) as Record<string, unknown>[];

    assert.deepEqual(
      heard.filter(({ type }) => type !== undefined),
      [
        { type: "a2ui.ready" },
        { type: "a2ui.result", id: "1", ok: true, surfaces: ["main"] },
        {
          type: "a2ui.result",
          id: "2",
          ok: false,
          error:
            'line 1: the message has no "nothing"; it takes surfaceUpdate, dataModelUpdate, beginRendering, deleteSurface',
          surfaces: ["main"],
        },
        { type: "a2ui.result", id: "3", ok: true, surfaces: [] },
      ],
    );
    const [press] = heard.filter(({ userAction }) => userAction !== undefined) as { userAction: { name: string } }[];
    assert.equal(press?.userAction.name, "apply");
    assert.deepEqual(window.problems, []);
  });

  test("a link says that it opens in the canvas's own tab only, and does so there", async () => {
    await using window = await openWindow(browser);
    host.screen = EVERYTHING;
    await window.page.goto(`${host.url}/parent`);
    const frame = window.page.frameLocator("iframe");
    await frame.getByText("Nothing is shown here yet").waitFor();
    const said = { type: "a2ui.apply", id: "1", messages: EVERYTHING };
    await window.page.evaluate(`frames[0].postMessage(${JSON.stringify(said)}, "*")`);

    await frame.getByRole("button", { name: "About us" }).click();
    await frame.getByRole("status").getByText("Links open in the canvas's own tab only.").waitFor();
    await window.page.goto(host.page);
    const opened = window.page.context().waitForEvent("page");
    await window.page.getByRole("button", { name: "About us" }).click();

    assert.equal(await (await opened).evaluate("opener"), null);
  });

  test("the page itself is no parent: its own messages are not taken", async () => {
    await using window = await openWindow(browser);
    await window.page.goto(`${host.url}/parent`);
    const frame = window.page.frameLocator("iframe");
    await frame.getByText("Nothing is shown here yet").waitFor();

    const [, inner] = window.page.frames();
    await inner?.evaluate(`new Promise((resolve) => {
      addEventListener("message", () => setTimeout(resolve));
      postMessage({ type: "a2ui.apply", id: "1", messages: ${JSON.stringify(lamps)} }, "*");
    })`);

    assert.deepEqual(await inner?.evaluate("moltbotA2UI.getSurfaces()"), []);
  });
});

describe("the script for pages of a canvas", () => {
  test("a page can tell of an action under every brand's names, and loads itself anew", async () => {
    await using window = await openWindow(browser);
    const reloads = host.nextSocket();
    await window.page.goto(host.page.replace(/a2ui\/$/, "canvas/"));
    const reload = await reloads;

    const told = await window.page.evaluate('Clawdbot.sendUserAction({ name: "hello", context: { a: 1 } })');
    const { userAction } = (await host.nextAction()) as { userAction: Record<string, unknown> };
    const names = await window.page.evaluate(
      "[Moltbot, Openclaw].map(({ postMessage, sendUserAction }) => [postMessage, sendUserAction].map((each) => typeof each)).flat().concat([typeof clawdbotPostMessage, typeof openclawSendUserAction])",
    );
    const loadedAgain = window.page.waitForEvent("load");
    reload.send("reload");
    await loadedAgain;

    assert.equal(told, true);
    const { id: _, timestamp: __, ...rest } = userAction;
    assert.deepEqual(rest, { name: "hello", surfaceId: "main", sourceComponentId: "page", context: { a: 1 } });
    assert.deepEqual(names, Array(6).fill("function"));
    assert.ok(host.asked.includes("/__openclaw__/cap/abcdefghijklmnopqrstuvwx/__openclaw__/ws"));
  });
});
