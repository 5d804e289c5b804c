/** The agents' workspaces: one folder for each, with the notes and files that people and the agent write. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { invalidRequest } from "../../../base/errors.ts";
import { dayOf, isZone } from "../../../base/time/date-format.ts";
import type { Base } from "../../../kit/base.ts";
import { ManyPort } from "../../../kit/port.ts";
import type { ToolRun } from "../../../kit/tool.ts";
import { type Agents, normalAgentId } from "../../core/agents/agents.ts";
import { kindOf, type Sessions } from "../../core/sessions/sessions.ts";
import { Confined, type ConfinedOptions } from "./files/confined.ts";
import { folderPath, prepareFolder } from "./files/folder.ts";
import { identityOf, type WrittenIdentity } from "./identity.ts";
import { Memory } from "./memory/memory.ts";
import { dailyNote, isPrivateNote } from "./notes.ts";
import { type Page, Pages } from "./pages.ts";
import { FORMS } from "./templates.ts";

/** What the slices below this one read files with. */
export { Confined, type OpenedFile } from "./files/confined.ts";

/** What the workspaces are built from. */
export interface WorkspaceServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
}

/** The parts of a run that decide who reads its answer. */
export type Listeners = Pick<ToolRun, "agentId" | "audience" | "sessionKey" | "deliver" | "isOverheard">;

/** The pages that every run sees, in this order; those from USER.md on only where the owner alone listens. */
const PAGES = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "MEMORY.md"];
const DAY_MS = 24 * 3600_000;

/** The most parents of a sub-agent's conversation that are followed. */
const MAX_PARENTS = 16;

/** Hears of files that the tools of agents write. Called in the call that writes; must not throw. */
export interface WriteObserver {
  /** `path` is absolute. */
  wrote(path: string, data: string | Uint8Array): void;
}

export class Workspace {
  /** Who is told of written files. */
  readonly writes = new ManyPort<WriteObserver>();
  /** What the agents have noted. */
  readonly memory: Memory;
  readonly #services: WorkspaceServices;
  readonly #prepared = new Set<string>();
  readonly #pages = new Pages();
  #timeZone: string | undefined;

  constructor(services: WorkspaceServices) {
    this.#services = services;
    this.memory = new Memory({
      ...services,
      timeZone: () => this.timeZone,
      folderOf: (agentId) => this.folderOf(agentId),
      filesOf: (agentId) => this.filesOf(agentId),
      folders: () => services.agents.ids().map((agentId) => this.pathOf(agentId)),
    });
  }

  /**
   * `userTimezone` of the settings, else that of the machine; days and times of notes and prompts are in it. Asking loads all
   * time zones (15 ms), so no start does.
   */
  get timeZone(): string {
    const { userTimezone } = this.#services.agents.settings.defaults;
    if (userTimezone !== undefined && isZone(userTimezone)) return userTimezone;
    this.#timeZone ??= Intl.DateTimeFormat().resolvedOptions().timeZone;
    return this.#timeZone;
  }

  /** The absolute path of an agent's folder; it exists when this returns. Throws `UNAVAILABLE` when it cannot be made. */
  folderOf(agentId: string): string {
    const path = this.pathOf(agentId);
    if (this.#prepared.has(path) && existsSync(path)) return path;
    prepareFolder(path);
    this.#prepared.add(path);
    return path;
  }

  /** Whether an agent has a folder already. */
  hasFolder(agentId: string): boolean {
    return existsSync(this.pathOf(agentId));
  }

  /** The absolute path of an agent's folder, whether it exists or not. */
  pathOf(agentId: string): string {
    const { agents, stateDir } = this.#services;
    return folderPath(agentId, { stateDir, defaultAgentId: agents.defaultId, settings: agents.settings });
  }

  /** The agent that is named, else the default one. Throws `INVALID_REQUEST` when it is not configured. */
  requireAgent(named?: string): string {
    const { agents } = this.#services;
    const agentId = named === undefined ? agents.defaultId : normalAgentId(named);
    if (agents.ids().includes(agentId)) return agentId;
    throw invalidRequest(`unknown agent id "${agentId}"; there are ${agents.ids().join(", ")}`);
  }

  /** The files that a run may see: all of the agent's folder, less the private notes when others listen. */
  filesFor(run: Listeners): Confined {
    const mayRead = this.isAlone(run);
    const refuses = (path: string) =>
      !mayRead && isPrivateNote(path) ? `${path} is private and is left alone where others listen` : undefined;
    const root = this.folderOf(run.agentId);
    const wrote = (path: string, data: string | Uint8Array) => {
      for (const observer of this.writes) observer.wrote(join(root, path), data);
    };
    return this.#files(run.agentId, { refuses, wrote });
  }

  /**
   * The memory of an agent, to look into and to add to: for runs that the owner alone hears. Throws `INVALID_REQUEST` for
   * all others.
   */
  memoryFor(run: Listeners): Memory {
    if (!this.isAlone(run))
      throw invalidRequest("your notes are private: they are neither searched nor added to where others listen");
    return this.memory;
  }

  /** All files of an agent's folder, for the gateway itself. */
  filesOf(agentId: string): Confined {
    return this.#files(agentId);
  }

  /**
   * The pages that a run sees at its beginning, in order: who the agent is and, where the owner alone listens, what it
   * knows of them and has noted today and yesterday. Forms that nobody has filled in say nothing. Throws `UNAVAILABLE`
   * when there can be no workspace.
   */
  pagesFor(run: Listeners): Page[] {
    const files = this.filesFor(run);
    const now = this.#services.clock.now();
    const days = [now - DAY_MS, now].map((at) => dailyNote(dayOf(at, this.timeZone)));
    return [...PAGES, ...days]
      .filter((path) => files.refusal(path) === undefined)
      .flatMap((path) => this.#pages.read(this.pathOf(run.agentId), files, path) ?? [])
      .filter(({ path, text }) => text !== FORMS[path]?.trim());
  }

  /** What an agent's IDENTITY.md says; nothing when there is none. */
  identityOf(agentId: string): WrittenIdentity {
    const root = this.pathOf(agentId);
    if (!existsSync(join(root, "IDENTITY.md"))) return {};
    return identityOf(this.#pages.read(root, this.#files(agentId), "IDENTITY.md")?.text ?? "");
  }

  /** Whether only the owner hears the run: they started it, in a conversation that is not a group's. */
  isAlone({ audience, sessionKey, deliver, isOverheard }: Listeners): boolean {
    if (audience !== "owner" || isOverheard || !this.#isDirect(sessionKey, MAX_PARENTS)) return false;
    // When all direct chats share one conversation, a reply on a channel may go to a group.
    return kindOf(sessionKey) === "direct" || deliver === undefined;
  }

  /** A sub-agent's answer goes to the conversation that started it. */
  #isDirect(sessionKey: string, parents: number): boolean {
    if (kindOf(sessionKey) === "group" || parents === 0) return false;
    const parent = this.#services.sessions.get(sessionKey)?.levels.spawnedBy;
    return parent === undefined || this.#isDirect(parent, parents - 1);
  }

  /** The gateway's own files, which nobody reads or writes through a folder. */
  get forbidden(): readonly string[] {
    const { stateDir, config } = this.#services;
    return [stateDir, ...configFiles(config.path)];
  }

  #files(agentId: string, more: Pick<ConfinedOptions, "refuses" | "wrote"> = {}): Confined {
    return new Confined({ root: this.folderOf(agentId), forbidden: this.forbidden, ...more });
  }
}

/** The config file and its copies beside it: they hold secrets. */
function configFiles(path: string): string[] {
  const folder = dirname(path);
  return readdirSync(folder)
    .filter((name) => name.startsWith(basename(path)))
    .map((name) => join(folder, name));
}
