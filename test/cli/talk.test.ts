// Talking to the agent from the command line: one message, a chat, what was said, which model answers.

import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Home, type RunningGateway } from "./harness.ts";

/** A gateway whose only model is the fake. */
async function withModel(home: Home, baseUrl: string): Promise<RunningGateway> {
  const provider = { api: "openai-compatible", baseUrl, models: [{ id: "fake-model" }] };
  await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
  return home.gateway();
}

test("without a model the built-in agent answers, and says what it is", async () => {
  using home = new Home();
  await home.run(["config", "set", "models.detectLocal", "false"]);
  await using _gateway = await home.gateway();

  const { code, stdout } = await home.run(["agent", "--message", "help"]);

  assert.equal(code, 0);
  assert.match(stdout, /^I am the gateway's built-in command agent, not a language model\./);
});

test("a reply is printed as it comes", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  const more = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["The first half, ", "the second half."], hold: more.promise });

  const child = home.spawn(["agent", "-m", "tell me"]);
  child.stdin?.end();
  let seen = "";
  for await (const chunk of child.stdout!.setEncoding("utf8")) {
    seen += chunk;
    if (seen.includes("first")) break;
  }
  more.resolve();

  assert.equal(seen, "The first half, ");
});

test("the words of a message may follow without a flag, or come from stdin", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);

  const words = await home.run(["agent", "what", "is", "up"]);
  const piped = await home.run(["agent", "-m", "-"], { input: "from a pipe\n" });

  const asked = model.requests.map(({ body }) => (body.messages as { content: unknown }[]).at(-1)?.content);
  assert.deepEqual([words.stdout, piped.stdout], ["Hello from the model.\n", "Hello from the model.\n"]);
  assert.match(JSON.stringify(asked), /what is up.*from a pipe/);
});

test("agent --json prints the final answer alone", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);

  const { code, stdout } = await home.run(["agent", "-m", "hi", "--json"]);

  const { status, summary, result } = JSON.parse(stdout);
  assert.deepEqual([code, status, summary], [0, "ok", "completed"]);
  assert.equal(result.payloads[0].text, "Hello from the model.");
});

test("a model that refuses its key ends the command with 1 and what to do", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  model.script({ kind: "status", status: 401, message: "bad key" });

  const { code, stdout, stderr } = await home.run(["agent", "-m", "hi"]);

  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /key/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test("a run that takes longer than --timeout exits 5", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  model.script({ kind: "hang" });

  const { code } = await home.run(["agent", "-m", "hi", "--timeout", "1"]);

  assert.equal(code, 5);
});

test("agent without a message says how to give one", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["agent"]);

  assert.deepEqual(
    [code, stderr],
    [2, 'Say what to send: `moltbot agent --message "…"`, or `-` to read it from stdin.\n'],
  );
});

test("a chat reads a message a line, prints each reply, and remembers the conversation", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  model.script({ kind: "text", text: "One." }, { kind: "text", text: ["Tw", "o."] });

  const { code, stdout } = await home.run(["chat", "--session-key", "talk"], { input: "first\n\nsecond\n" });

  const [, second] = model.requests.map(({ body }) => JSON.stringify(body.messages));
  assert.deepEqual([code, stdout], [0, "One.\nTwo.\n"]);
  assert.match(second ?? "", /first.*One\..*second/);
});

test("slash commands of a chat go to the gateway, /exit ends it", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stdout } = await home.run(["chat"], { input: "/version\n/exit\n/time\n" });

  assert.equal(code, 0);
  assert.match(stdout, /\d+\.\d+\.\d+/);
  assert.doesNotMatch(stdout, /UTC/);
});

test("an error of one reply is said and the chat goes on", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  model.script({ kind: "status", status: 401, message: "bad key" }, { kind: "text", text: "Better." });

  const { code, stdout, stderr } = await home.run(["chat"], { input: "one\ntwo\n" });

  assert.deepEqual([code, stdout], [0, "Better.\n"]);
  assert.match(stderr, /key/);
});

test("what was said is listed, read, searched and deleted", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  await home.run(["agent", "-s", "garden", "-m", "when do tomatoes ripen?"]);

  const list = await home.run(["sessions", "list"]);
  const show = await home.run(["sessions", "show", "garden"]);
  const search = await home.run(["sessions", "search", "tomatoes"]);
  const deleted = await home.run(["sessions", "delete", "garden"]);
  const gone = await home.run(["sessions", "show", "garden"]);

  assert.match(list.stdout, /^Session .*\ngarden .*(?:just now| ago)/);
  assert.match(
    show.stdout,
    /^you · (?:just now|.* ago)\nwhen do tomatoes ripen\?\n\nassistant · (?:just now|.* ago)\nHello from the model\.\n/,
  );
  assert.match(search.stdout, /garden .* user .*tomatoes/);
  assert.deepEqual([deleted.code, deleted.stdout], [0, "Deleted agent:main:garden.\n"]);
  assert.deepEqual(
    [gone.code, gone.stderr],
    [1, "garden holds no messages. `moltbot sessions list` shows the conversations.\n"],
  );
});

test("a model is listed, chosen and tried", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);
  model.script({ kind: "text", text: "ready" });

  const set = await home.run(["models", "set", "fake/fake-model"]);
  const list = await home.run(["models", "list"]);
  const tried = await home.run(["models", "test"]);
  const sessions = await home.run(["sessions", "list", "--json"]);

  assert.equal(set.stdout, "fake/fake-model answers from now on. Try it with `moltbot models test`.\n");
  assert.match(list.stdout, /^● +fake\/fake-model/m);
  assert.match(tried.stdout, /^● fake\/fake-model answered "ready" in \d+ m?s\.\n$/);
  assert.deepEqual(JSON.parse(sessions.stdout).sessions, []);
});

test("a model of a provider that is not there is refused in the same words everywhere", async () => {
  using home = new Home();
  await using model = await fakeOpenAI();
  await using _gateway = await withModel(home, model.baseUrl);

  const chosen = await home.run(["models", "set", "other/model"]);
  const written = await home.run(["config", "set", "agents.defaults.imageModel", "other/model"]);
  const added = await home.run(["agents", "add", "work", "--model", "other/model"]);
  const known = await home.run(["agents", "add", "work", "--model", "fake/fake-model"]);

  const why =
    'No model provider is called "other" (there are fake); add one with `moltbot models auth NAME --base-url URL`.';
  const refused = (path: string) => `${path} cannot be "other/model": ${why} Nothing was changed.\n`;
  assert.deepEqual([chosen.code, written.code, added.code, known.code], [1, 1, 1, 0]);
  assert.deepEqual(
    [chosen.stderr, written.stderr, added.stderr],
    [`${why}\n`, refused("agents.defaults.imageModel"), refused("agents.list.1.model")],
  );
});

test("a reader that goes away ends the command quietly", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  const child = home.spawn(["logs", "--follow"]);
  const errors = text(child.stderr!);
  const ended = new Promise((resolve) => child.once("exit", resolve));

  await new Promise((resolve) => child.stdout?.once("data", resolve));
  child.stdout?.destroy();
  await home.run(["config", "set", "session.mainKey", "home"]); // a line for the log

  assert.deepEqual([await ended, await errors], [0, ""]);
});
