/**
 * Writes the first files of a page beside the conversations, about a slice that `new-slice.ts` has begun: its folder, its line in
 * the list of pages, and its line in the list of those that tests walk through. `node scripts/new-page.ts NAME`; what it wrote goes
 * to stdout.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./mistake.ts";
import { before, begin, changed, type Names, namesOf, Refused, withImport, writeFiles } from "./written.ts";

const WEB = "packages/web/src";

/** Every file that is new or changed, by its path from the root. Throws `Refused` for a name that cannot be one, or is taken. */
function filesOf(name: string): ReadonlyMap<string, string> {
  const names = checked(name);
  const { property, words } = names;
  return new Map([
    [`${WEB}/${name}/view.ts`, viewFile(names)],
    [`${WEB}/${name}/${name}-page.ts`, pageFile(names)],
    changed(`${WEB}/views.ts`, (text) =>
      before(
        withImport(text, `import { ${property}View } from "./${name}/view.ts";`, "./"),
        /\n {2}modelsView,/,
        `\n  ${property}View,`,
      ),
    ),
    changed("test/support/control-page.ts", (text) =>
      before(text, /\n {2}\["models", /, `\n  ["${name}", "${words}"],`),
    ),
  ]);
}

function checked(name: string): Names {
  const names = namesOf(name, "page");
  if (existsSync(join(ROOT, WEB, name)))
    throw new Refused(`There is a folder ${WEB}/${name} already; choose another name.`);
  const contract = readFileSync(join(ROOT, "packages/protocol/src/contract.ts"), "utf8");
  if (!contract.includes(`"${name}.status": {`))
    throw new Refused(
      `There is no method ${name}.status that the page could ask; run \`npm run new slice ${name}\` first.`,
    );
  return names;
}

function viewFile({ name, property, service, words }: Names): string {
  return `// The ${words.toLowerCase()} page as the shell sees it.

import { logsIcon } from "../chat/icons.ts";
import type { View } from "../view.ts";
import { t } from "../words/t.ts";

export const ${property}View: View = {
  id: "${name}",
  get label() {
    return t("${words}");
  },
  icon: logsIcon,
  scope: "read",
  element: async () => (await import("./${name}-page.ts")).${service}Element,
};
`;
}

function pageFile({ name, service, words }: Names): string {
  return `// The ${words.toLowerCase()} page: since when the gateway has had them open.

import type { Methods } from "@moltbot/protocol";
import { html, type TemplateResult } from "lit";
import { LivePage } from "../kit/live-page.ts";
import { loading, pageFrame, pageHead } from "../kit/parts.ts";
import { agoOf } from "../time.ts";
import { t } from "../words/t.ts";

/** \`<moltbot-${name}>\`: asks the gateway by itself. */
export class ${service}Element extends LivePage {
  static override properties = { ...LivePage.properties, status: { state: true } };
  declare status: Methods["${name}.status"]["result"] | undefined;
  protected readonly events = [];

  protected async load(): Promise<void> {
    this.status = await this.read("${name}.status");
  }

  protected override render(): TemplateResult {
    const head = pageHead({ intro: t("What the gateway keeps while it runs."), command: "moltbot ${name}" });
    const { openedAt } = this.status ?? {};
    const told = openedAt === undefined ? loading() : html\`<p>\${t("Opened {0}.", agoOf(openedAt))}</p>\`;
    return pageFrame(t("${words}"), this.done, html\`\${head}\${told}\`);
  }
}

customElements.define("moltbot-${name}", ${service}Element);
`;
}

begin((args) => {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const [name = "", ...others] = positionals;
  if (name === "" || others.length > 0) throw new Refused("Say one name: npm run new page NAME.");
  writeFiles(filesOf(name));
});
