// A gateway that has been in use: conversations, an account, people and a node who wait, jobs, runs and what they cost.

import { fakeTelegram } from "@moltbot/fakes";
import { fakeOpenAI } from "../fakes/openai.ts";
import { newDeviceKey } from "./device-key.ts";
import { FakePhone } from "./fake-phone.ts";
import { type Connected, type TestGateway, testGateway } from "./gateway.ts";

/** What there is to look at, and who may change it. */
export interface UsedGateway extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly admin: Connected;
  readonly model: Awaited<ReturnType<typeof fakeOpenAI>>;
  readonly telegram: Awaited<ReturnType<typeof fakeTelegram>>;
  /** A node with this name waits to be let in. The caller disposes it. */
  waiting(name: string): Promise<FakePhone>;
}

export async function usedGateway(): Promise<UsedGateway> {
  const model = await fakeOpenAI();
  const telegram = await fakeTelegram();
  const config = {
    models: {
      detectLocal: false,
      providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
    },
    agents: { defaults: { model: "fake/fake-model" } },
    channels: { telegram: telegram.settings },
  };
  const gateway = await testGateway({ config: JSON.stringify(config) });
  await telegram.linked();
  const admin = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
  for (const label of ["Holiday in Slovenia", "وصفات الطبخ", "Broken bicycle"])
    await admin.call("sessions.patch", { key: `agent:main:${label.toLowerCase().replaceAll(" ", "-")}`, label });
  const job = {
    ...{ name: "Water the plants", schedule: { kind: "cron", expr: "0 8 * * *", tz: "Europe/Vienna" } },
    ...{ sessionTarget: "main", wakeMode: "next-heartbeat", payload: { kind: "systemEvent", text: "It is time" } },
  };
  await admin.call("cron.add", job);
  await admin.call("cron.add", { ...job, name: "Read the news" });
  model.script({ kind: "text", text: "Three trains leave **before nine**." });
  const { runId } = await admin.call("chat.send", {
    ...{ sessionKey: "agent:main:main", message: "When does the train leave?", idempotencyKey: "lived-in" },
  });
  await admin.call("agent.wait", { runId: runId ?? "lived-in", timeoutMs: 20_000 });
  return {
    ...{ gateway, admin, model, telegram },
    waiting: (name) =>
      FakePhone.connect({ url: gateway.url, token: gateway.token, device: newDeviceKey(), name, protocol: 4 }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await telegram[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}
