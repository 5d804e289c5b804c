// What the wizard's steps do: a phone is linked by its code, models of this machine are found and tried, a phone is invited; each
// broken off in the middle and begun again. Clients of both generations drive it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { fakeTelegram, fakeWhatsApp } from "@moltbot/fakes";
import { LocalModels } from "../fakes/local-models.ts";
import { askRaw } from "../support/canvas.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

interface Step {
  readonly id: string;
  readonly title: string;
  readonly message?: string;
  readonly sensitive?: boolean;
  readonly options?: readonly { readonly value: string; readonly label: string; readonly hint?: string }[];
}

/** A wizard in somebody's hands. */
class Guide {
  readonly #client: WireClient;
  #sessionId = "";
  step: Step | undefined;

  constructor(client: WireClient) {
    this.#client = client;
  }

  async begin(): Promise<this> {
    const { sessionId, step } = await this.#client.call("wizard.start", { mode: "local" });
    this.#sessionId = sessionId;
    this.step = step;
    return this;
  }

  /** Answers the present step, whose title must be this. */
  async answer(title: string, value: unknown): Promise<Step | undefined> {
    assert.equal(this.step?.title, title);
    const answer = { stepId: this.step.id, value };
    const shown = await this.#client.call("wizard.next", { sessionId: this.#sessionId, answer });
    this.step = shown.step;
    return this.step;
  }

  async cancel(): Promise<void> {
    await this.#client.call("wizard.cancel", { sessionId: this.#sessionId });
  }
}

const WELCOME = "Set up moltbot";
const MODEL = "Which model shall answer?";
const CHANNEL = "Where do you want to write to it?";
const PHONE = "Shall a phone's browser work for the agent?";
const LINK = "Link WhatsApp";

for (const protocol of [3, 4] as const)
  test(`in protocol ${protocol} WhatsApp is linked by its code: skipped once, broken off once, then scanned`, async () => {
    await using phone = await fakeWhatsApp();
    const channels = { whatsapp: phone.settings };
    await using gateway = await testGateway({
      config: JSON.stringify({ models: { detectLocal: false }, channels }),
      env: phone.env,
    });
    const device = newDeviceKey();
    const client = await gateway.connect({ protocol, device, scopes: ["operator.admin"] });
    const guide = await new Guide(client).begin();
    await guide.answer(WELCOME, true);
    await guide.answer(MODEL, "skip");

    const shown = await guide.answer(CHANNEL, "whatsapp");
    await guide.answer(LINK, "skip");
    await guide.answer(CHANNEL, "whatsapp");
    client[Symbol.dispose]();
    await client.closed;
    const again = await gateway.connect({ protocol, device, scopes: ["operator.admin"] });
    const second = await new Guide(again).begin();
    await second.answer(WELCOME, true);
    await second.answer(MODEL, "skip");
    await second.answer(CHANNEL, "whatsapp");
    const { qrText } = await again.call("web.login.wait", { currentQrDataUrl: "none" });
    await phone.scan(qrText);
    const linked = await second.answer(LINK, "done");
    await second.answer("WhatsApp is linked", true);

    await phone.linked();

    assert.match(shown?.message ?? "", /[█▀▄]{5}/);
    assert.match(linked?.message ?? "", /moltbot pairing approve whatsapp CODE/);
    assert.equal(second.step?.title, PHONE);
  });

test("models of this machine are found and tried: one that fails is explained, one that answers is chosen", async () => {
  let isBroken = true;
  const list = { object: "list", data: [{ id: "qwen3:8b" }] };
  const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Yes." } };
  await using ollama = await new LocalModels({
    "/v1/models": list,
    "/api/version": { version: "0.12.3" },
    "/api/ps": { models: [] },
    "/api/show": () => ({ capabilities: ["completion", "tools"], model_info: {} }),
    "/v1/chat/completions": () =>
      isBroken
        ? { error: { message: "out of memory" } }
        : { id: "1", object: "chat.completion", created: 1, model: "qwen3:8b", choices: [choice] },
  }).listen();
  await using gateway = await testGateway({
    config: JSON.stringify({}),
    env: { OLLAMA_HOST: ollama.baseUrl.replace("/v1", "") },
  });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const guide = await new Guide(client).begin();

  const asked = await guide.answer(WELCOME, true);
  const value = asked?.options?.find(({ label }) => label === "ollama/qwen3:8b")?.value;
  const problem = await guide.answer(MODEL, value);
  isBroken = false;
  await guide.answer("That did not work", "again");
  await guide.answer(MODEL, value);

  assert.equal(guide.step?.title, CHANNEL);
  assert.match(asked?.options?.find((each) => each.value === value)?.hint ?? "", /Ollama, on this machine/);
  assert.ok((problem?.message ?? "").length > 10);
  assert.match(readFileSync(gateway.configPath, "utf8"), /ollama\/qwen3:8b/);
});

test("a model of LM Studio is found where it listens, tried with a question, and answers from then on", async () => {
  const asked: string[] = [];
  const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Yes." } };
  const model = { id: "qwen2.5-7b-instruct", type: "llm", state: "not-loaded", max_context_length: 32_768 };
  await using studio = await new LocalModels({
    "/v1/models": { object: "list", data: [model, { id: "text-embedding-nomic-embed-text-v1.5" }] },
    "/api/v0/models": { object: "list", data: [{ ...model, capabilities: ["tool_use"] }] },
    "/v1/chat/completions": (body: Record<string, unknown>) => {
      asked.push(String(body.model));
      return { id: "1", object: "chat.completion", created: 1, model: model.id, choices: [choice] };
    },
  }).listen();
  await using gateway = await testGateway({ config: "{}", env: { LMSTUDIO_HOST: studio.baseUrl.replace("/v1", "") } });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const guide = await new Guide(client).begin();

  const offered = await guide.answer(WELCOME, true);
  const found = offered?.options?.filter(({ label }) => label.startsWith("lmstudio/"));
  await guide.answer(MODEL, found?.[0]?.value);

  assert.deepEqual(
    found?.map(({ label, hint }) => [label, hint]),
    [["lmstudio/qwen2.5-7b-instruct", "LM Studio, on this machine"]],
  );
  assert.deepEqual([guide.step?.title, new Set(asked)], [CHANNEL, new Set([model.id])]);
  assert.match(readFileSync(gateway.configPath, "utf8"), /lmstudio\/qwen2\.5-7b-instruct/);
});

test("a wrong token is said, nothing of it is kept when the step is broken off, and begun again it works", async () => {
  await using telegram = await fakeTelegram();
  const { botToken, ...place } = telegram.settings as { botToken: string };
  await using gateway = await testGateway({
    config: JSON.stringify({ models: { detectLocal: false }, channels: { telegram: place } }),
  });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const first = await new Guide(client).begin();
  await first.answer(WELCOME, true);
  await first.answer(MODEL, "skip");
  await first.answer(CHANNEL, "telegram");
  const refused = await first.answer("Telegram: botToken", "1:wrong-token");
  await first.cancel();

  const kept = readFileSync(gateway.configPath, "utf8");
  const second = await new Guide(client).begin();
  await second.answer(WELCOME, true);
  await second.answer(MODEL, "skip");
  const asked = await second.answer(CHANNEL, "telegram");
  await second.answer("Telegram: botToken", botToken);
  await second.answer("Telegram is set up", true);

  assert.equal(refused?.title, "That did not work");
  assert.equal(asked?.sensitive, true);
  assert.doesNotMatch(kept, /wrong-token/);
  assert.equal(second.step?.title, PHONE);
});

test("the phone's step says when no phone reaches the gateway, and how to change that", async () => {
  await using gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const guide = await new Guide(client).begin();
  await guide.answer(WELCOME, true);
  await guide.answer(MODEL, "skip");
  await guide.answer(CHANNEL, "skip");

  const told = await guide.answer(PHONE, "yes");
  const last = await guide.answer("Phones do not reach this gateway", true);

  assert.match(told?.message ?? "", /tailscale serve.*moltbot nodes invite/);
  assert.equal(last?.title, "Ready");
});

const hasNetwork = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ family, internal }) => family === "IPv4" && !internal),
);

test("the phone's step shows a link that phones reach, drawn too, and it lets one browser in", {
  skip: !hasNetwork && "this machine has no network that a phone could be in",
}, async () => {
  const config = { gateway: { bind: "lan" }, models: { detectLocal: false } };
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const guide = await new Guide(client).begin();
  await guide.answer(WELCOME, true);
  await guide.answer(MODEL, "skip");
  await guide.answer(CHANNEL, "skip");

  const shown = await guide.answer(PHONE, "yes");
  const link = new URL(/http\S+/.exec(shown?.message ?? "")?.[0] ?? "");
  const page = await askRaw(gateway.port, link.pathname, { headers: { Host: link.host } });
  const invitation = new URLSearchParams(link.hash.slice(1)).get("invite") ?? "";
  const browser = { id: "moltbot-web-node", mode: "node", platform: "web", displayName: "Phone" };
  const phone = { role: "node", protocol: 4, client: browser } as const;
  const letIn = await gateway.connect({ ...phone, device: newDeviceKey(), invitation });
  const other = await gateway.refused({ ...phone, device: newDeviceKey(), invitation });
  const last = await guide.answer("Open this on the phone", true);

  assert.match(shown?.message ?? "", /[█▀▄]{5}[\s\S]*good for one browser and ten minutes/);
  assert.doesNotMatch(link.hostname, /^(?:127\.|localhost|\[::1\])/);
  assert.equal(page.status, 200);
  assert.equal(letIn.hello.type, "hello-ok");
  assert.match(other.error?.message ?? "", /^this invitation has been used/);
  assert.equal(last?.title, "Ready");
});
