// An hour of events leaves the page as large as it was: thousands of them through the real socket, and what is kept afterwards.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { CDPSession } from "playwright-core";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { goTo } from "../support/control-page.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";

/** So often a session and a job change: more than a busy gateway tells in an hour. */
const CHANGES = 3_000;
/** Sessions and jobs that take turns. */
const EACH = 50;
/** What may be kept beside what was there, in bytes: far less than an hour of events would be. */
const MOST_BYTES = 2_500_000;

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const admin = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const job = {
  ...{ name: "Look", schedule: { kind: "cron", expr: "0 8 * * *" }, sessionTarget: "main", wakeMode: "now" },
  payload: { kind: "systemEvent", text: "Look" },
};
const jobs: string[] = [];
for (let index = 0; index < EACH; index++) jobs.push((await admin.call("cron.add", job)).id);

/** A page that is open, and what has come to it. */
class Watched {
  readonly id: string;
  readonly chat: WebChat;
  readonly #devtools: CDPSession;
  heard = 0;

  private constructor(id: string, chat: WebChat, devtools: CDPSession) {
    this.id = id;
    this.chat = chat;
    this.#devtools = devtools;
    chat.page.on("websocket", () => chat.problems.push("the page connected anew"));
    devtools.on("Network.webSocketFrameReceived", () => this.heard++);
  }

  static async open(id: string): Promise<Watched> {
    const chat = await openWebChat(browser, gateway);
    await chat.signIn();
    await goTo(chat, id);
    const devtools = await chat.page.context().newCDPSession(chat.page);
    const watched = new Watched(id, chat, devtools);
    await devtools.send("Performance.enable");
    await devtools.send("Network.enable");
    return watched;
  }

  /** What the page holds after the garbage is collected, and the frames that have come until now. */
  async size(): Promise<{ bytes: number; nodes: number; heard: number }> {
    // What came last is drawn, and let go, before it is counted.
    await this.#devtools.send("Runtime.evaluate", {
      expression: "new Promise((resolve) => setTimeout(resolve, 1500))",
      awaitPromise: true,
    });
    for (let round = 0; round < 3; round++) await this.#devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await this.#devtools.send("Performance.getMetrics");
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
    return { bytes: of("JSHeapUsedSize"), nodes: of("Nodes"), heard: this.heard };
  }
}

const watched = await Promise.all(["overview", "sessions", "automations"].map((id) => Watched.open(id)));
await happens(CHANGES / 4);
const first = await Promise.all(watched.map((each) => each.size()));
await happens(CHANGES);
const last = await Promise.all(watched.map((each) => each.size()));

for (const [index, { id, chat }] of watched.entries())
  test(`after an hour of events the page is as large as before: ${id}`, () => {
    const [before, afterwards] = [first[index]!, last[index]!];
    const [heard, grown] = [afterwards.heard - before.heard, afterwards.bytes - before.bytes];

    console.log(
      `${id}: ${heard} frames, heap ${mb(before.bytes)} before and ${mb(afterwards.bytes)} after, ${before.nodes} and ${afterwards.nodes} nodes`,
    );
    assert.ok(heard >= CHANGES, `only ${heard} frames came`);
    assert.ok(grown < MOST_BYTES, `the page grew by ${mb(grown)}`);
    assert.ok(afterwards.nodes < before.nodes * 1.5 + 500, `${afterwards.nodes} nodes in place of ${before.nodes}`);
    assert.deepEqual(chat.problems, []);
  });

/** So many changes of sessions and of jobs. Every page is told of jobs, and who looks at sessions of those. */
async function happens(count: number): Promise<void> {
  const change = (index: number) => [
    admin.call("sessions.patch", { key: `agent:main:s-${index % EACH}`, label: `Session ${index % EACH}, ${index}` }),
    admin.call("cron.update", { id: jobs[index % EACH], patch: { description: `Changed ${index} times` } }),
  ];
  for (let index = 0; index < count; index += EACH)
    await Promise.all(Array.from({ length: EACH }, (_, at) => change(index + at)).flat());
}

const mb = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`;
