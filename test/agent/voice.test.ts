// Voice notes by a model provider, and pictures for models that see none.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { messageOf } from "../../packages/gateway/src/base/errors.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import type { Model } from "../../packages/gateway/src/slices/agent/models/providers/providers.ts";
import { transcribe } from "../../packages/gateway/src/slices/agent/models/transcribe.ts";
import { Transcriber } from "../../packages/gateway/src/slices/surfaces/messaging/in/transcribe.ts";
import { ChannelBench } from "../channels/bench.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { withoutCoverage } from "../support/program.ts";
import { within } from "../support/time-limit.ts";
import { admin, configFor, endOf } from "./support.ts";
import { pricedConfig } from "./usage-support.ts";

interface Asked {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A provider that answers every transcription in this way. */
async function provider(status: number, body: string) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    asked.push({ path: request.url, headers: request.headers, body: await text(request) });
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    asked,
    model: modelAt(baseUrl),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function modelAt(baseUrl: string, api: Model["provider"]["api"] = "openai"): Model {
  const hosted = {
    id: "acme",
    label: "Acme",
    api,
    baseUrl,
    apiKey: "key-1",
    headers: {},
    models: [],
    origin: "config",
  } as const;
  return { id: "whisper-1", name: "Whisper", ref: "acme/whisper-1", provider: hosted };
}

const voice = { data: new Uint8Array([1, 2, 3]), fileName: "a.opus", mimeType: "audio/ogg" };
const never = new AbortController().signal;

test("a recording is sent to the provider with its key, its model and its language", async () => {
  await using acme = await provider(200, '{"text":" Buy milk. "}');

  const words = await transcribe(acme.model, { ...voice, language: "en" }, never);

  const [{ path, headers, body } = {} as Asked] = acme.asked;
  assert.equal(words, "Buy milk.");
  assert.deepEqual([path, headers.authorization], ["/v1/audio/transcriptions", "Bearer key-1"]);
  assert.match(body, /name="file"; filename="a\.ogg"\r\nContent-Type: audio\/ogg/);
  assert.match(body, /name="model"\r\n\r\nwhisper-1\r\n/);
  assert.match(body, /name="language"\r\n\r\nen\r\n/);
});

const FAILURES: readonly [what: string, status: number, body: string, says: RegExp][] = [
  ["a key that is refused", 401, '{"error":{"message":"bad key-1"}}', /^Acme rejected the API key; (?!.*key-1)/],
  ["a model that is not there", 404, "{}", /^Acme has no model "whisper-1"/],
  ["an answer that is no transcript", 200, "<html>", /^Acme answered with something that is no transcript\.$/],
  ["somebody else's address", 302, "", /^Acme redirects elsewhere/],
];

for (const [what, status, body, says] of FAILURES) {
  test(`a transcription that fails says why: ${what}`, async () => {
    await using acme = await provider(status, body);

    await assert.rejects(transcribe(acme.model, voice, never), ({ message }: Error) => says.test(message));
  });
}

test("providers without transcriptions, and recordings that are too large, are not asked at all", async () => {
  const nowhere = "http://127.0.0.1:9/v1";
  const large = { ...voice, data: new Uint8Array(25_000_001) };

  await assert.rejects(transcribe(modelAt(nowhere, "anthropic"), voice, never), /Acme has no transcriptions/);
  await assert.rejects(transcribe(modelAt(nowhere), large, never), /larger than 25 MB/);
});

test("a voice note on a channel is written down by the provider that the settings name", async () => {
  await using acme = await provider(200, '{"text":"Buy milk."}');
  await using model = await fakeOpenAI();
  const { agents, models } = JSON.parse(configFor(model));
  const hosted = { acme: { api: "openai-compatible", baseUrl: acme.model.provider.baseUrl, apiKey: "key-1" } };
  const config = {
    ...{ agents, models: { ...models, providers: { ...models.providers, ...hosted } } },
    messages: { transcribe: { model: "acme/whisper-1" } },
  };
  await using bench = await ChannelBench.start(fakeTelegram, { config });
  const bytes = Buffer.concat([Buffer.from("OggS\0\x02"), Buffer.alloc(22), Buffer.from("OpusHead"), Buffer.alloc(64)]);

  const asked = model.next();
  await bench.fake.says("", { files: [{ bytes, mimeType: "audio/ogg", fileName: "voice.ogg", kind: "voice" }] });
  const { body } = await within(asked, "the model to be asked");

  assert.match(
    JSON.stringify((body.messages as unknown[]).at(-1)),
    /saved as .*\]\\n\\n\[\w{16} message from [^\]]*\]\\n\| \[transcript\] Buy milk\."/,
  );
});

/** The beginnings of recordings as browsers and phones make them, and the type that is given for each. */
const RECORDINGS: Readonly<Record<string, { bytes: Buffer; mimeType: string }>> = {
  "voice.webm": { bytes: webm(), mimeType: "audio/webm;codecs=opus" },
  "voice.ogg": { bytes: Buffer.from("OggS\0\x02".padEnd(28, "\0").concat("OpusHead").padEnd(100, "\0")), mimeType: "" },
  "voice.m4a": { bytes: Buffer.from("\0\0\0\x20ftypM4A \0\0\0\0M4A isom".padEnd(64, "\0")), mimeType: "audio/mp4" },
};
const written = { command: [process.execPath, "-e", "process.stdout.write('Buy milk.')"] };

for (const [fileName, { bytes, mimeType }] of Object.entries(RECORDINGS)) {
  for (const method of ["chat.send", "agent"] as const) {
    test(`a voice message over ${method} is its sender's words, and is kept: ${fileName}`, async () => {
      await using model = await fakeOpenAI();
      const config = { ...JSON.parse(configFor(model)), messages: { transcribe: written } };
      await using gateway = await testGateway({ config: JSON.stringify(config) });
      const client = await admin(gateway);
      const attachments = [{ type: "voice", fileName, mimeType, content: bytes.toString("base64") }];

      await client.call(method, { sessionKey: "main", message: "Listen", attachments, idempotencyKey: "k1" });
      await client.call("agent.wait", { runId: "k1", timeoutMs: 30_000 });

      const said = lastSaid(model);
      const kept = / saved as (\S+)\]/.exec(said)?.[1] ?? "";
      assert.match(said, new RegExp(`file “${fileName}”[\\s\\S]*\\[voice: ${fileName}, audio/`));
      assert.match(said, /^Listen\n\n\[transcript\] Buy milk\.\n/);
      assert.deepEqual(readFileSync(kept), bytes);
    });
  }
}

test("the words of a recording that somebody attaches are those of a file", async () => {
  await using model = await fakeOpenAI();
  const config = { ...JSON.parse(configFor(model)), messages: { transcribe: written } };
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await admin(gateway);
  const content = RECORDINGS["voice.m4a"]!.bytes.toString("base64");
  const attachments = [{ type: "file", fileName: "talk.m4a", mimeType: "audio/mp4", content }];

  await client.call("chat.send", { sessionKey: "main", message: "Sum it up", attachments, idempotencyKey: "k1" });
  await endOf(client, "k1");

  const said = lastSaid(model);
  assert.match(said, /\| \[transcript\] Buy milk\./);
});

test("a recording is written down once, however often its message is sent", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-voice-"));
  const counted = `require("node:fs").appendFileSync(${JSON.stringify(join(folder, "calls"))}, "x"); process.stdout.write("Hi")`;
  await using model = await fakeOpenAI();
  const config = {
    ...JSON.parse(configFor(model)),
    messages: { transcribe: { command: [process.execPath, "-e", counted] } },
  };
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await admin(gateway);
  const content = RECORDINGS["voice.webm"]!.bytes.toString("base64");
  const params = { sessionKey: "main", message: "", attachments: [{ type: "voice", content }], idempotencyKey: "k1" };

  await client.call("chat.send", params);
  await endOf(client, "k1");
  await client.call("chat.send", params);

  assert.equal(readFileSync(join(folder, "calls"), "utf8"), "x");
  assert.equal(model.requests.length, 1);
  rmSync(folder, { recursive: true });
});

test("without a transcriber, and when it fails, a recording is kept and the model is told what is known", async () => {
  await using model = await fakeOpenAI();
  const failing = { command: [process.execPath, "-e", "process.exit(3)"] };
  await using without = await testGateway({ config: configFor(model) });
  const config = { ...JSON.parse(configFor(model)), messages: { transcribe: failing } };
  await using broken = await testGateway({ config: JSON.stringify(config) });
  const { bytes, mimeType } = RECORDINGS["voice.webm"]!;
  const attachments = [{ type: "voice", fileName: "a.webm", mimeType, content: bytes.toString("base64") }];

  for (const gateway of [without, broken]) {
    const client = await admin(gateway);
    await client.call("chat.send", { sessionKey: "main", message: "Listen", attachments, idempotencyKey: "k1" });
    await endOf(client, "k1");
  }

  const [plain, failed] = model.requests.map(({ body }) => JSON.stringify((body.messages as unknown[]).at(-1)));
  assert.match(plain ?? "", /\[voice: a\.webm, audio\/webm, 1 kB; saved as [^\]]+\]/);
  assert.doesNotMatch(plain ?? "", /transcript/);
  assert.match(failed ?? "", /\[no transcript: .* ended with 3\]/);
});

/** The text of the last message that the model was asked with. */
function lastSaid({ requests }: ModelServer): string {
  const messages = requests[0]?.body.messages as { content: string }[] | undefined;
  return messages?.at(-1)?.content ?? "";
}

/** A WebM file's head: EBML with the type "webm". */
function webm(): Buffer {
  return Buffer.concat([Buffer.from("1a45dfa3874282847765626d", "hex"), Buffer.alloc(64)]);
}

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("a model that sees pictures gets them; one that takes text alone is told that there is one", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { model: { input: ["text"] } }) });
  await using seeing = await testGateway({ config: pricedConfig(server, { model: { input: ["text", "image"] } }) });
  const attachments = [{ type: "image", mimeType: "image/png", fileName: "cat.png", content: PNG }];

  for (const each of [gateway, seeing]) {
    const client = await admin(each);
    await client.call("chat.send", { sessionKey: "main", message: "Look", attachments, idempotencyKey: "k1" });
    await endOf(client, "k1");
  }

  const [blind, sees] = server.requests.map(({ body }) => JSON.stringify((body.messages as unknown[]).at(-1)));
  assert.match(blind ?? "", /Look.*\[image: cat\.png\]/s);
  assert.doesNotMatch(blind ?? "", /base64/);
  assert.match(sees ?? "", /data:image\/png;base64/);
});

test("a program that writes voice notes down gets the environment that it is given, and none of the gateway's keys", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-voice-"));
  const file = join(folder, "a.ogg");
  writeFileSync(file, "x");
  const transcriber = new Transcriber({
    clock: systemClock,
    env: { PATH: process.env.PATH, HOME: folder, OPENAI_API_KEY: "sk-of-the-gateway", MOLTBOT_GATEWAY_TOKEN: "t" },
    models: undefined as never,
    settings: () => ({ transcribe: { command: ["env"], env: { OWN: "yes" } } }) as never,
  });

  const words = await transcriber.words(file, "audio/ogg", never);

  const variables = withoutCoverage((words ?? "").split("\n"));
  assert.deepEqual(variables.sort(), [`HOME=${folder}`, "OWN=yes", `PATH=${process.env.PATH}`]);
  rmSync(folder, { recursive: true });
});

test("a program that takes too long is ended, and the reason is a sentence for people", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-voice-"));
  const transcribe = { command: [process.execPath, "-e", "setInterval(() => {}, 1000)"], timeoutSeconds: 0.2 };
  const transcriber = new Transcriber({
    ...{ clock: systemClock, env: { PATH: process.env.PATH }, models: undefined as never },
    settings: () => ({ transcribe }) as never,
  });

  const failure = await transcriber.words(join(folder, "a.ogg"), "audio/ogg", never).catch((error: unknown) => error);

  assert.equal(messageOf(failure), "it took more than 0.2 s");
  rmSync(folder, { recursive: true });
});
