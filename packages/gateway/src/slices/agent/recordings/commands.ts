/** Switching recording on and off from any conversation. */
import type { Command } from "../../../kit/command.ts";
import { defineCommand } from "./slice.ts";

const record = defineCommand({
  name: "record",
  usage: "[on | off]",
  needs: "operator.admin",
  summary: "shows or changes whether runs are kept for replay",
  choices: () => ["on", "off"],
  async run({ args, gateway: { recordings } }) {
    const word = args.trim().toLowerCase();
    if (word === "on" || word === "off") await recordings.switch(word);
    else if (word !== "") return "Write `/record on` or `/record off`.";
    return recordings.isOn
      ? "Runs are recorded from now on: what goes to models and what comes back, for a week. `moltbot runs list` shows them."
      : "Runs are not recorded. `/record on` changes that.";
  },
});

export const commands: readonly Command[] = [record];
