import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, gatewayWithoutModel } from "./support.ts";

interface Entry {
  readonly name: string;
  readonly choices: readonly string[];
}

test("commands are listed with their aliases, usage and the words that may follow", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { commands } = await client.call("commands.list", { sessionKey: "main" });

  assert.deepEqual(
    commands.find(({ name }: Entry) => name === "new"),
    {
      name: "new",
      aliases: ["reset"],
      usage: "",
      summary: "begins this conversation anew; the old one stays searchable",
      choices: [],
    },
  );
});

test("a caller is shown only the commands that it may use", async () => {
  await using gateway = await gatewayWithoutModel();
  const reader = await gateway.connect({ scopes: ["operator.read"] });

  const { commands } = await reader.call("commands.list", {});

  const names = commands.map(({ name }: Entry) => name);
  assert.ok(names.includes("help"));
  assert.ok(!names.includes("stop"));
  assert.ok(!names.includes("approve"));
});
