import assert from "node:assert/strict";
import { test } from "node:test";
import type { API } from "@discordjs/core/http-only";
import type { ChannelContext } from "../../kit/channel.ts";
import { publishMenu } from "./menu.ts";

/** What Discord is asked to show for one command. */
async function shown(command: ChannelContext["commands"][number]): Promise<unknown> {
  let menu: readonly unknown[] = [];
  const state = { get: () => undefined, write: () => {} };
  const api = {
    applications: { getCurrent: async () => ({ id: "1" }) },
    applicationCommands: {
      bulkOverwriteGlobalCommands: async (_id: string, given: readonly unknown[]) => (menu = given),
    },
  };
  await publishMenu({ commands: [command], state } as unknown as ChannelContext, api as unknown as API);
  return (menu[0] as { options: unknown[] } | undefined)?.options[0];
}

test("a command that takes one of a few words offers them", async () => {
  const option = await shown({ name: "verbose", summary: "tools", usage: "[on | off]", choices: ["on", "off"] });

  assert.deepEqual(option, {
    ...{ name: "text", description: "[on | off]", type: 3, required: false },
    choices: [
      { name: "on", value: "on" },
      { name: "off", value: "off" },
    ],
  });
});

test("a command that takes more than the words it knows leaves the text free", async () => {
  const option = await shown({ name: "compact", summary: "shortens", usage: "[WHAT | undo]", choices: ["undo"] });

  assert.deepEqual(option, { name: "text", description: "[WHAT | undo]", type: 3, required: false });
});

test("a name that Discord does not take is left out", async () => {
  assert.equal(await shown({ name: "not a name", summary: "no" }), undefined);
});
