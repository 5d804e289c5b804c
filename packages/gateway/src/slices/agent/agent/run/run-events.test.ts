import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { Bus } from "../../../../base/bus.ts";
import { Secrets } from "../../../../base/privacy/secrets.ts";
import { agent, chat } from "../events.ts";
import { RunEvents } from "./run-events.ts";

const SECRET = "Sekret-12345678-of-the-gateway";

for (const step of [1, 2, 5, 9, 30]) {
  test(`a secret that a model says in pieces of ${step} characters leaves in none of the streams`, () => {
    const secrets = new Secrets();
    secrets.add(SECRET);
    const bus = new Bus();
    const clock = new FakeClock();
    const told = { assistant: "", reasoning: "", chat: "" };
    bus.on(agent, ({ stream, data }) => {
      if (stream === "assistant" || stream === "reasoning") told[stream] += data.delta;
      assert.ok(!JSON.stringify(data).includes("Sekret"), JSON.stringify(data));
    });
    bus.on(chat, (event) => {
      told.chat += event.deltaText ?? "";
      assert.ok(!JSON.stringify(event).includes("Sekret"));
    });
    const events = new RunEvents({
      ...{ bus, clock, runId: "r", spelledKey: undefined, sessionKey: "agent:main:main", isQuiet: false },
      settled: (text, isOver) => secrets.settled(text, isOver),
      streamsReasoning: () => true,
      isVerbose: () => false,
    });
    const text = `The password is ${SECRET}, and Sek is no secret.`;

    for (let end = step; end < text.length + step; end += step) {
      clock.advance(1_000);
      events.thought(text.slice(0, end));
      events.grew(text.slice(0, end));
    }
    events.ended({ kind: "ok", text } as never, { startedAt: 0, endedAt: 1 }, undefined);

    for (const all of Object.values(told))
      assert.match(all, /^The password is (?:S|Se|Sek)?\[redacted\], and Sek is no secret\.$/);
  });
}
