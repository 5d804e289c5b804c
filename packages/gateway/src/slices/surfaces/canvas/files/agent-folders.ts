/** The folders of pages, one for each agent: which one a path or a conversation means. */
import type { WriteObserver } from "../../../agent/workspace/workspace.ts";
import type { CanvasServices } from "../canvas-services.ts";
import { CanvasFiles, type CanvasFilesOptions } from "./canvas-files.ts";

export interface AgentFoldersOptions extends Pick<CanvasFilesOptions, "log" | "reload"> {
  /** Where an agent's pages are. */
  pathOf(agentId: string): string;
}

/** A place in a folder of pages. */
export interface Place {
  readonly files: CanvasFiles;
  readonly agentId: string;
  readonly names: readonly string[];
  /** Whether it is the default agent's. Pages of others are shown in a sandbox: they share an origin with its pages. */
  readonly isDefault: boolean;
}

/** Begins the path of the pages of an agent that is not the default one: `~work/week.html`. */
const MARK = "~";

export class AgentFolders implements WriteObserver, Disposable {
  readonly #services: CanvasServices;
  readonly #options: AgentFoldersOptions;
  readonly #all = new Map<string, CanvasFiles>();

  constructor(services: CanvasServices, options: AgentFoldersOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** The folder of an agent; the default one's by default. */
  of(agentId = this.#services.agents.defaultId): CanvasFiles {
    const known = this.#all.get(agentId);
    if (known) return known;
    const { pathOf, ...options } = this.#options;
    const files = new CanvasFiles(this.#services, { ...options, agentId, path: pathOf(agentId) });
    this.#all.set(agentId, files);
    return files;
  }

  /** What names of a path stand for. */
  at(names: readonly string[]): Place {
    const { agents } = this.#services;
    const [first = "", ...rest] = names;
    const agentId = first.startsWith(MARK) ? first.slice(MARK.length) : agents.defaultId;
    if (agentId === agents.defaultId || !agents.ids().includes(agentId))
      return { files: this.of(), agentId: agents.defaultId, names, isDefault: true };
    return { files: this.of(agentId), agentId, names: rest, isDefault: false };
  }

  get defaultId(): string {
    return this.#services.agents.defaultId;
  }

  /** Whether there are pages of several agents, which must not reach each other. */
  get areSeveral(): boolean {
    return this.#services.agents.ids().length > 1;
  }

  /** The agent whose conversation it is, and what comes before the paths of its pages: "" or "~AGENT/". */
  placeFor(sessionKey: string | undefined): { readonly agentId: string; readonly prefix: string } {
    const { agents, sessions } = this.#services;
    const agentId = sessionKey === undefined ? agents.defaultId : sessions.agentOf(sessionKey);
    return { agentId, prefix: agentId === agents.defaultId ? "" : `${MARK}${agentId}/` };
  }

  /** The folder of the agent whose conversation it is. */
  ofSession(sessionKey: string): CanvasFiles {
    return this.of(this.#services.sessions.agentOf(sessionKey));
  }

  /** Watches the folders that are there. */
  begin(): void {
    for (const agentId of this.#services.agents.ids()) this.of(agentId).begin();
  }

  /** Why folders are not served or watched. */
  get problems(): string[] {
    return [...this.#all.values()].flatMap(({ problem }) => problem ?? []);
  }

  /** Hears of a file that an agent's tool wrote. */
  wrote(path: string, data: string | Uint8Array): void {
    for (const agentId of this.#services.agents.ids()) this.of(agentId).wrote(path, data);
  }

  [Symbol.dispose](): void {
    for (const files of this.#all.values()) files[Symbol.dispose]();
  }
}
