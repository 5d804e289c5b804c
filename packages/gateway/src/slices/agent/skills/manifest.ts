/** Reads the head of a SKILL.md: YAML in the AgentSkills format, with the product's own block. */
import { isRecord } from "../../../base/config/config.ts";
import { ignore, invalidRequest } from "../../../base/errors.ts";

/** The requirements of a skill. */
export interface Requirements {
  /** Programs, all of them. */
  readonly bins: readonly string[];
  /** Programs, one of them. */
  readonly anyBins: readonly string[];
  readonly env: readonly string[];
  /** Settings that must be on, as dotted paths. */
  readonly config: readonly string[];
  /** Platforms as Node names them; any when empty. */
  readonly os: readonly string[];
}

export const INSTALL_KINDS = ["brew", "node", "go", "uv", "download"] as const;
export type InstallKind = (typeof INSTALL_KINDS)[number];

/** A way to get what a skill needs. */
export interface InstallStep {
  readonly id: string;
  readonly kind: InstallKind;
  readonly label: string;
  /** The programs that are there afterwards. */
  readonly bins: readonly string[];
  readonly os: readonly string[];
  /** A formula, a package, a module or an address, by kind. */
  readonly what: string;
}

/** A skill's own words. */
export interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly homepage?: string;
  readonly emoji?: string;
  /** Under which its settings stand. */
  readonly skillKey: string;
  /** The variable that its `apiKey` setting fills. */
  readonly primaryEnv?: string;
  /** Used whatever it requires. */
  readonly always: boolean;
  readonly requires: Requirements;
  readonly install: readonly InstallStep[];
}

/** Under which names the product's block is in `metadata`. */
const BRANDS = ["moltbot", "clawdbot", "openclaw"];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MAX_ITEMS = 32;
const FORMULA = { brew: "formula", node: "package", go: "module", uv: "package", download: "url" } as const;

/** The head and what follows it. Throws `INVALID_REQUEST` when there is no head. */
export function splitSkill(text: string): { head: string; body: string } {
  const match = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  if (!match) throw invalidRequest("it does not begin with a head between two lines of ---");
  return { head: match[1]!, body: text.slice(match[0].length).trim() };
}

/** Reads the head of a SKILL.md. Throws `INVALID_REQUEST` with what is wrong. `folder` names it when it does not. */
export async function readManifest(text: string, folder: string): Promise<Manifest> {
  const head = await parseHead(splitSkill(text).head);
  const name = line(head.name, 64) ?? folder;
  if (!NAME.test(name)) throw invalidRequest("its name must be letters, digits, dots, - and _, 64 at most");
  const description = line(head.description, 1_024);
  if (description === undefined) throw invalidRequest("it has no description");
  const own = ownBlock(head);
  const requires = isRecord(own.requires) ? own.requires : {};
  const skillKey = line(own.skillKey, 64) ?? name;
  const primaryEnv = line(own.primaryEnv, 128);
  return {
    name,
    description,
    ...optional("homepage", homepageOf(own.homepage ?? head.homepage)),
    ...optional("emoji", line(own.emoji, 16)),
    skillKey: NAME.test(skillKey) ? skillKey : name,
    ...optional("primaryEnv", primaryEnv !== undefined && isHarmlessVariable(primaryEnv) ? primaryEnv : undefined),
    always: own.always === true,
    requires: {
      bins: programs(requires.bins),
      anyBins: programs(requires.anyBins),
      env: strings(requires.env).filter((each) => ENV_NAME.test(each)),
      config: strings(requires.config),
      os: strings(own.os ?? requires.os),
    },
    install: Array.isArray(own.install) ? own.install.slice(0, MAX_ITEMS).flatMap(installStep) : [],
  };
}

/** Whether a variable may be set for commands: not one that makes programs load something else. */
export function isHarmlessVariable(name: string): boolean {
  return (
    ENV_NAME.test(name) && !/^(?:LD_|DYLD_|BASH_|PATH$|HOME$|SHELL$|IFS$|ENV$|NODE_|PYTHON|PERL|RUBY|GIT_)/i.test(name)
  );
}

async function parseHead(head: string): Promise<Record<string, unknown>> {
  // Use the default export: the bundler gives the named exports of a CommonJS package to static imports only.
  const { default: yaml } = await import("yaml");
  const document = yaml.parseDocument(head, { schema: "core", logLevel: "silent" });
  const [problem] = document.errors;
  if (problem) throw notYaml(problem);
  try {
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return isRecord(value) ? value : {};
  } catch (error) {
    ignore(error, "a name that stands for too much has no line");
    throw invalidRequest("its head is not YAML that may be read: a name in it stands for too much");
  }
}

function notYaml({
  linePos,
}: {
  readonly linePos?: readonly { readonly line: number; readonly col: number }[];
}): Error {
  const [at] = linePos ?? [];
  return invalidRequest(`its head is not YAML${at === undefined ? "" : `: see its line ${at.line}, column ${at.col}`}`);
}

/** The product's block: under `metadata`, which may be JSON in a string, by any of its names. */
function ownBlock({ metadata }: Record<string, unknown>): Record<string, unknown> {
  const block = typeof metadata === "string" ? parseJson(metadata) : metadata;
  if (!isRecord(block)) return {};
  const brand = BRANDS.find((each) => isRecord(block[each]));
  return (brand === undefined ? block : block[brand]) as Record<string, unknown>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function installStep(value: unknown, index: number): InstallStep[] {
  if (!isRecord(value)) return [];
  const kind = INSTALL_KINDS.find((each) => each === value.kind);
  const what = kind && line(value[FORMULA[kind]], 1_024);
  if (!kind || what === undefined) return [];
  const id = line(value.id, 64) ?? `${kind}-${index}`;
  const label = line(value.label, 200) ?? `Install ${what} (${kind})`;
  return [{ id, kind, label, what, bins: programs(value.bins), os: strings(value.os) }];
}

function programs(value: unknown): string[] {
  return strings(value).filter((name) => NAME.test(name));
}

function strings(value: unknown): string[] {
  const list = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
  return list.slice(0, MAX_ITEMS).flatMap((each) => line(each, 200) ?? []);
}

/** One line of text; longer ones are cut. */
function line(value: unknown, maxChars: number): string | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  const clean = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return clean === "" ? undefined : clean.slice(0, maxChars).toWellFormed();
}

function homepageOf(value: unknown): string | undefined {
  const address = line(value, 500);
  return address !== undefined && /^https?:\/\//i.test(address) ? address : undefined;
}

function optional<Name extends string>(name: Name, value: string | undefined): { [N in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: string };
}
