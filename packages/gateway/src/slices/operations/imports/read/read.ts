/** Reads the state folder of another gateway, whichever generation it is. */
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { resolveConfig } from "../../../../base/config/config-source.ts";
import { TellableError } from "../../../../base/errors.ts";
import { type Env, expandHome } from "../../../../base/files.ts";
import type { FoundLogin, FoundState, FoundTranscript, Generation, Note } from "../found.ts";
import { SourceDatabase } from "./database.ts";
import { type Fields, fieldsOf, listIn, textIn, textsIn } from "./fields.ts";
import * as january from "./january.ts";
import type { KeyWords } from "./session-names.ts";
import { SourceFolder } from "./source.ts";
import * as today from "./today.ts";

const CONFIGS = ["openclaw.json", "moltbot.json", "clawdbot.json"];
const TODAY = "state/openclaw.sqlite";

/** Reads everything but the transcripts, which are read when they are asked for. Throws `TellableError` for no such folder. */
export async function readFolder(folder: string, env: Env): Promise<FoundState> {
  const source = new SourceFolder(folder);
  const file = CONFIGS.find((name) => source.has(name));
  const generation = generationOf(source, file);
  const config = configOf(source, file);
  const words = wordsOf(config);
  const found = generation === "today" ? await readToday(source, words) : readJanuary(source, words);
  const { keys, logins } = january.keysIn(source);
  const agents = agentsOf(source, config, generation);
  const left: Note[] = [
    ...found.left,
    ...logins.map((name) => ({
      at: "auth-profiles.json",
      text: `the login of ${name} is not an API key; log in anew`,
    })),
  ];
  const logs: readonly FoundLogin[] = named(january.loginsIn(source), config);
  return {
    ...{ generation, folder: source.path, config, agents, keys, logins: logs, left },
    ...{ transcripts: found.transcripts, devices: found.devices, jobs: found.jobs, senders: found.senders },
    commands: [...found.commands, ...january.commandsIn(approvalsOf(source, env))],
    voiceWake: voiceWakeOf(source),
    // Reading transcripts finds more.
    get warnings() {
      return source.warnings;
    },
  };
}

function generationOf(source: SourceFolder, config: string | undefined): Generation {
  if (source.has(TODAY)) return "today";
  const isJanuary = ["agents", "devices", "cron", "credentials", "identity"].some(
    (name) => source.names(name).length > 0,
  );
  if (config === undefined && !isJanuary)
    throw new TellableError(
      `${source.path} is not the state folder of clawdbot, moltbot of January 2026, or openclaw; such a folder holds clawdbot.json, moltbot.json or openclaw.json.`,
    );
  return config === "openclaw.json" ? "today" : "january";
}

interface Parts {
  readonly transcripts: readonly FoundTranscript[];
  readonly devices: FoundState["devices"];
  readonly jobs: FoundState["jobs"];
  readonly senders: FoundState["senders"];
  readonly commands: FoundState["commands"];
  readonly left: readonly Note[];
}

function readJanuary(source: SourceFolder, words: KeyWords): Parts {
  return {
    transcripts: january.transcriptsIn(source, words),
    devices: january.devicesIn(source),
    jobs: january.jobsIn(source),
    senders: january.sendersIn(source),
    commands: [],
    left: [],
  };
}

async function readToday(source: SourceFolder, words: KeyWords): Promise<Parts> {
  using database = await SourceDatabase.open(source, TODAY);
  const transcripts: FoundTranscript[] = [];
  for (const agentId of source.names("agents")) {
    const file = `agents/${agentId}/agent/openclaw-agent.sqlite`;
    using agent = await SourceDatabase.open(source, file);
    if (agent) transcripts.push(...today.transcriptsIn(source, agent, { agentId, words, file }));
  }
  const { jobs, own } = database ? today.jobsIn(database) : { jobs: january.jobsIn(source), own: 0 };
  return {
    transcripts: transcripts.length > 0 ? transcripts : january.transcriptsIn(source, words),
    devices: database ? today.devicesIn(source, database) : january.devicesIn(source),
    jobs,
    senders: [...(database ? today.sendersIn(database) : []), ...january.sendersIn(source)],
    commands: database ? today.commandsOf(database) : [],
    left: own > 0 ? [{ at: TODAY, text: `${own} jobs that the other gateway makes for itself` }] : [],
  };
}

/** What is named elsewhere stays there: files outside of the folder are not read, and variables of this process are not its. */
function configOf(source: SourceFolder, file: string | undefined): Fields {
  if (file === undefined) return {};
  const parsed = fieldsOf(source.json(file));
  const path = join(source.path, file);
  const { value, issues, missing } = resolveConfig(parsed, { path, env: {}, read: (each) => source.textAt(each) });
  for (const { path, message } of issues) source.warn(`${file}: ${path}`, message);
  for (const { path, variable } of missing)
    source.warn(
      `${file}: ${path}`,
      `names the variable ${variable}, which is not in the .env beside it; the setting is left out, so set it here`,
    );
  return value;
}

function wordsOf(config: Fields): KeyWords {
  const agents = fieldsOf(config.agents);
  const listed = [
    ...listIn(agents.list).map(fieldsOf),
    ...Object.entries(fieldsOf(agents.entries)).map(([id, value]) => ({ ...fieldsOf(value), id }) as Fields),
  ];
  const first = listed.find((each) => each.default === true) ?? listed[0];
  return {
    defaultAgent: textIn(first?.id) ?? "main",
    mainKey: textIn(fieldsOf(config.session).mainKey) ?? "main",
  };
}

/** The agents, each with its workspace: as it is set, or where the other gateway keeps it when it is not. */
function agentsOf(source: SourceFolder, config: Fields, generation: Generation): FoundState["agents"] {
  const agents = fieldsOf(config.agents);
  const usual = textIn(fieldsOf(agents.defaults).workspace);
  const home = generation === "today" ? join(source.path, "workspace") : join(homedir(), workspaceName(source.path));
  const entries = Object.entries(fieldsOf(agents.entries)).map(([id, value]): Fields => ({ ...fieldsOf(value), id }));
  const listed = [...listIn(agents.list).map(fieldsOf), ...entries];
  const all = listed.length > 0 ? listed : [{ id: "main" } as Fields];
  return all.flatMap((agent) => {
    const id = textIn(agent.id);
    if (id === undefined) return [];
    const own = textIn(agent.workspace);
    const shared = usual ?? home;
    const place =
      own ?? (generation === "today" && usual !== undefined && listed.length > 1 ? join(usual, id) : shared);
    return [{ id, workspace: expandHome(place) }];
  });
}

/** January kept the workspace beside its state folder: ~/clawd beside ~/.clawdbot. */
function workspaceName(folder: string): string {
  return basename(folder).includes("molt") ? "molt" : "clawd";
}

/** The commands that were allowed. They stay in the home folder, even when the state is elsewhere. */
function approvalsOf(source: SourceFolder, env: Env): unknown {
  if (source.has("exec-approvals.json")) return source.json("exec-approvals.json");
  const home = env.HOME ?? homedir();
  if (dirname(source.path) === home) return undefined;
  try {
    const other = new SourceFolder(join(home, ".clawdbot"));
    return other.has("exec-approvals.json") ? other.json("exec-approvals.json") : undefined;
  } catch {
    return undefined;
  }
}

function voiceWakeOf(source: SourceFolder): readonly string[] | undefined {
  const { triggers } = fieldsOf(
    source.has("settings/voicewake.json") ? source.json("settings/voicewake.json") : undefined,
  );
  return triggers === undefined ? undefined : textsIn(triggers);
}

/** How far Telegram was read, under the number of the bot that the account's token names. */
function named(logins: readonly FoundLogin[], config: Fields): FoundLogin[] {
  const telegram = fieldsOf(fieldsOf(config.channels).telegram);
  return logins.flatMap((login): FoundLogin[] => {
    const last = login.channel === "telegram" ? Number(login.values.get("offset")) : undefined;
    if (last === undefined) return [login];
    const own = fieldsOf(fieldsOf(telegram.accounts)[login.account]);
    const bot = /^(\d+):/.exec(textIn(own.botToken) ?? textIn(telegram.botToken) ?? "")?.[1];
    return bot === undefined ? [] : [{ ...login, values: new Map([[`offset:${bot}`, String(last + 1)]]) }];
  });
}
