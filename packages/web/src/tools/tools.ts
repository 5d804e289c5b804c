// What the agent may use, over the protocol client: its tools, its skills, and the commands that need no approval.

import { isRecord, type SkillStatus, type ToolEntry } from "@moltbot/protocol";
import type { PageHost, PageService } from "../view.ts";
import { type AllowedCommand, allowedCommands, type Skill, skillOf } from "./skills.ts";

/** Everything that the page shows; a part is undefined until the gateway has told, or where it has none. */
export interface ToolsState {
  readonly tools: readonly ToolEntry[] | undefined;
  readonly skills: readonly Skill[] | undefined;
  readonly allowed: readonly AllowedCommand[] | undefined;
}

/** Before anything is known. */
export const NO_TOOLS: ToolsState = { tools: undefined, skills: undefined, allowed: undefined };

/** The tools of one page. */
export class Tools implements PageService {
  #state: ToolsState = NO_TOOLS;
  readonly #host: PageHost;

  constructor(host: PageHost) {
    this.#host = host;
  }

  get state(): ToolsState {
    return this.#state;
  }

  /** Whether the connection may switch skills, and take commands off the list. */
  get mayChangeSkills(): boolean {
    return this.#host.offers("skills.update") && this.#host.may("admin");
  }

  get mayChangeCommands(): boolean {
    return this.#host.offers("exec.allowlist.remove") && this.#host.may("admin");
  }

  /** Reads all that the page shows. */
  async load(): Promise<void> {
    await Promise.all([this.#readTools(), this.#readSkills(), this.#readAllowed()]);
  }

  /** Switches a skill on or off. */
  async enable({ skillKey }: Pick<SkillStatus, "skillKey">, enabled: boolean): Promise<void> {
    await this.#host.ask("skills.update", { skillKey, enabled });
    await this.#readSkills();
  }

  /** The command needs approval again. */
  async forbid({ id }: AllowedCommand): Promise<void> {
    await this.#host.ask("exec.allowlist.remove", { entry: id });
    await this.#readAllowed();
  }

  async #readTools(): Promise<void> {
    if (!this.#host.offers("tools.list")) return;
    const params = { sessionKey: this.#host.sessionKey() };
    const answer = await this.#host.ask("tools.list", params);
    if (answer !== undefined) this.#set({ tools: answer.tools });
  }

  async #readSkills(): Promise<void> {
    if (!this.#host.offers("skills.status")) return;
    const answer = await this.#host.ask("skills.status");
    if (answer !== undefined) this.#set({ skills: answer.skills.map(skillOf) });
  }

  async #readAllowed(): Promise<void> {
    if (!this.#host.offers("exec.allowlist.list") || !this.#host.may("admin")) return;
    const answer = await this.#host.ask("exec.allowlist.list");
    if (isRecord(answer) && Array.isArray(answer.entries)) this.#set({ allowed: allowedCommands(answer.entries) });
  }

  #set(change: Partial<ToolsState>): void {
    this.#state = { ...this.#state, ...change };
    this.#host.onChange();
  }
}
