/**
 * Writes the first files of a slice: its folder, its line in the catalog, its commands and their line, and the line of its
 * method in the table of who may call what. `node scripts/new-slice.ts NAME [--floor FLOOR]`; what it wrote goes to stdout.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./mistake.ts";
import {
  after,
  before,
  begin,
  changed,
  namesOf,
  Refused,
  type Names as ThingNames,
  withImport,
  writeFiles,
} from "./written.ts";

const GATEWAY = "packages/gateway/src";
const FLOORS = ["core", "agent", "surfaces", "automation", "operations"] as const;
/** The formatter's; a line of ours that is longer is broken as it would. */
const LINE_WIDTH = 120;

/** What is to be made. */
interface Wanted {
  readonly name: string;
  readonly floor: (typeof FLOORS)[number];
}

type Names = ThingNames & Wanted;

/** Every file that is new or changed, by its path from the root. Throws `Refused` for a name that cannot be one, or is taken. */
function filesOf(wanted: Wanted): ReadonlyMap<string, string> {
  const names = checked(wanted);
  const { name, floor } = names;
  const folder = `${GATEWAY}/slices/${floor}/${name}`;
  return new Map([
    [`${folder}/slice.ts`, sliceFile(names)],
    [`${folder}/index.ts`, indexFile(names)],
    [`${folder}/methods.ts`, methodsFile(names)],
    [`${folder}/${name}.ts`, serviceFile(names)],
    [`${folder}/${name}.test.ts`, testFile(names)],
    [`${GATEWAY}/cli/commands/${name}.ts`, commandFile(names)],
    changed(`${GATEWAY}/catalog.ts`, (text) => inCatalog(text, names)),
    changed(`${GATEWAY}/cli/commands/index.ts`, (text) => inCommands(text, names)),
    changed("test/wire/access.test.ts", (text) => after(text, '  "operator.read": [\n', `    "${name}.status",\n`)),
  ]);
}

function checked({ name, floor }: Wanted): Names {
  const names = namesOf(name, "slice");
  const takenBy = FLOORS.map((each) => `${GATEWAY}/slices/${each}/${name}`).find((path) =>
    existsSync(join(ROOT, path)),
  );
  if (takenBy !== undefined) throw new Refused(`There is a slice ${name} already, in ${takenBy}.`);
  if (readdirSync(join(ROOT, GATEWAY, "cli/commands")).includes(`${name}.ts`))
    throw new Refused(`There is a command \`moltbot ${name}\` already; choose another name.`);
  return { ...names, floor };
}

function sliceFile({ name, property, service }: Names): string {
  return `/** What the ${name} slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const ${property} = defineSlice({
  name: "${name}",
  uses: [],
  load: () => import("./${name}.ts"),
  open: (gateway, { ${service} }) => new ${service}(gateway),
});

export const { defineMethod } = ${property};
`;
}

function indexFile({ name, property }: Names): string {
  return `/** The ${name} slice's parts. */
import { withParts } from "../../../kit/slice.ts";
import * as methods from "./methods.ts";
import { ${property} as slice } from "./slice.ts";

export const ${property} = withParts(slice, { methods });
`;
}

function methodsFile({ name, property, words }: Names): string {
  return `/** Methods about ${words.toLowerCase()}. */
import { Type } from "@sinclair/typebox";
import { Millis } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

export const status = defineMethod({
  name: "${name}.status",
  summary: "Since when the gateway has had its ${words.toLowerCase()} open.",
  access: "operator.read",
  params: {},
  result: Type.Object({ openedAt: Millis }),
  handler: ({ gateway }) => gateway.${property}.status(),
});
`;
}

function serviceFile({ service, words }: Names): string {
  return `/** ${words}: what the gateway keeps of them while it runs. */
import type { Base } from "../../../kit/base.ts";

/** The service; handlers reach it through the gateway. */
export class ${service} {
  readonly #openedAt: number;

  constructor({ clock }: { readonly clock: Pick<Base["clock"], "now"> }) {
    this.#openedAt = clock.now();
  }

  /** What clients are told; times are epoch milliseconds. */
  status(): { openedAt: number } {
    return { openedAt: this.#openedAt };
  }
}
`;
}

function testFile({ name, property, service }: Names): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { ${service} } from "./${name}.ts";

test("the status says since when it is open", () => {
  const clock = new FakeClock();
  const openedAt = clock.now();
  const ${property} = new ${service}({ clock });
  clock.advance(60_000);

  assert.deepEqual(${property}.status(), { openedAt });
});
`;
}

function commandFile({ name, property, words }: Names): string {
  return `/** \`moltbot ${name}\` — ${words.toLowerCase()}: how they are. */

import { defineCommand, defineGroup } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { ago } from "../terminal/render.ts";

const status = defineCommand({
  summary: "Show since when they are open",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const result = await client.request("${name}.status", {}, { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(\`Opened \${ago(result.openedAt)}.\`);
    }),
});

/** ${words}. */
export const ${property} = defineGroup({
  summary: "${words}",
  alone: status,
  commands: { status },
});
`;
}

/** The import, and the slice at the end of the list: below all that it may come to use. */
function inCatalog(text: string, { name, floor, property }: Names): string {
  const line = `import { ${property} } from "./slices/${floor}/${name}/index.ts";`;
  return before(withImport(text, line, "./slices/"), /\n\);/, `\n  ${property},`);
}

function inCommands(text: string, { name, property, words }: Names): string {
  const key = name === property ? name : JSON.stringify(name);
  const load = `async () => (await import("./${name}.ts")).${property}`;
  const line = `  ${key}: { summary: "${words}", load: ${load} },`;
  const broken = [`  ${key}: {`, `    summary: "${words}",`, `    load: ${load},`, "  },"].join("\n");
  return before(text, /\n {2}logs: /, `\n${line.length > LINE_WIDTH ? broken : line}`);
}

function main(args: readonly string[]): void {
  const { positionals, values } = parseArgs({
    args: [...args],
    options: { floor: { type: "string", default: "operations" } },
    allowPositionals: true,
  });
  const [name = "", ...others] = positionals;
  const floor = FLOORS.find((each) => each === values.floor);
  if (name === "" || others.length > 0) throw new Refused("Say one name: npm run new slice NAME [-- --floor FLOOR].");
  if (!floor) throw new Refused(`--floor is one of ${FLOORS.join(", ")}, not ${JSON.stringify(values.floor)}.`);
  writeFiles(filesOf({ name, floor }));
}

begin(main);
