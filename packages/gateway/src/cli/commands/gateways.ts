/** `moltbot gateways` — the gateways that have a name on this machine. */

import { resolveStateDir } from "../../base/files.ts";
import { defineCommand, defineGroup } from "../command.ts";
import { readBook } from "../remote/book.ts";
import { showPin } from "../remote/fingerprint.ts";
import { table } from "../render.ts";

const list = defineCommand({
  summary: "List the gateways that have a name here",
  async run({ flags, env, out }) {
    const book = readBook(resolveStateDir({ env, profile: flags.profile }));
    // Tokens are for connecting only.
    const gateways = Object.entries(book).map(([name, { tokens: _tokens, ...gateway }]) => ({ name, ...gateway }));
    if (flags.json) return out.json({ gateways });
    if (gateways.length === 0)
      return out.print(
        "No gateway has a name here. `moltbot connect` adds one; `moltbot gateway link` over there says how.",
      );
    const rows = gateways.map(({ name, url, ssh, version = "", pin, otherPin }) => [
      name,
      ssh === undefined ? url : `${url} through ${ssh}`,
      version,
      pin === undefined
        ? ""
        : `${showPin(pin).words.split("-", 2).join("-")}…${otherPin === undefined ? "" : " changed!"}`,
    ]);
    out.print(
      table(
        [{ title: "Name" }, { title: "Address", flexible: true }, { title: "Version" }, { title: "Pin" }],
        rows,
        out,
      ),
    );
  },
});

export const gateways = defineGroup({
  summary: "See the gateways you use",
  commands: { list },
  alone: list,
});
