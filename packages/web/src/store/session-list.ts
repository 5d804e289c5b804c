// The sessions in the sidebar: fetched, named, pinned, put away, saved, emptied and deleted.

import type { ExportFormat } from "../conversation/export.ts";
import { forgetMark } from "../conversation/read-marks.ts";
import { readSessions, titleOf } from "../conversation/sessions.ts";
import { loaded } from "../loaded.ts";
import { recall, remember } from "../visit/storage.ts";
import type { Connection } from "./connection.ts";
import type { CurrentConversation } from "./current-conversation.ts";
import type { Navigation } from "./navigation.ts";
import type { PageState } from "./page-state.ts";
import type { SessionFacts } from "./session-facts.ts";

/** How long events may gather before they make us fetch the list, in milliseconds. */
const GATHER_MS = 300;
/** How long a deletion can be taken back, in milliseconds. */
const UNDO_MS = 8_000;
/** What is fetched of each session. */
const LIST = { limit: 500, includeDerivedTitles: true, includeLastMessage: true };

/** What a change of the list shows in. */
interface Parts {
  readonly page: PageState;
  readonly connection: Connection;
  readonly conversation: CurrentConversation;
  readonly navigation: Navigation;
  readonly facts: SessionFacts;
}

/** The sessions that the gateway has. */
export class SessionList {
  readonly #page: PageState;
  readonly #connection: Connection;
  readonly #conversation: CurrentConversation;
  readonly #navigation: Navigation;
  readonly #facts: SessionFacts;
  #leavingTimer: ReturnType<typeof setTimeout> | undefined;
  #loadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ page, connection, conversation, navigation, facts }: Parts) {
    this.#page = page;
    this.#connection = connection;
    this.#conversation = conversation;
    this.#navigation = navigation;
    this.#facts = facts;
  }

  async load(): Promise<void> {
    const answer = await this.#connection.ask("sessions.list", LIST);
    if (answer === undefined) return;
    this.#page.set(readSessions(answer));
    const open = answer.sessions.find(({ key }) => key === this.#page.now.sessionKey);
    if (open !== undefined && this.#conversation.isOutdated(open.sessionId)) await this.#conversation.load();
  }

  /** Many events may ask for the list, and for what they took; one answer is enough for all. */
  loadSoon(): void {
    clearTimeout(this.#loadTimer);
    this.#loadTimer = setTimeout(() => {
      void this.load();
      void this.#facts.loadUsage();
    }, GATHER_MS);
  }

  /** Fetches the sessions that were put away. */
  async loadArchived(): Promise<void> {
    const answer = await this.#connection.ask("sessions.list", { ...LIST, archived: true });
    if (answer !== undefined) this.#page.set({ archived: readSessions(answer).sessions });
  }

  titleOf(key: string): string {
    const { sessions, mainKey } = this.#page.now;
    return sessions.find((session) => session.key === key)?.title ?? titleOf(key, mainKey);
  }

  /** Gives a session a name; an empty one removes it. */
  async rename(key: string, name: string): Promise<void> {
    await this.#connection.ask("sessions.patch", { key, label: name.trim() || null });
    await this.load();
  }

  /** Takes a session off the list; it is deleted with its messages when nobody takes that back. */
  leave(key: string): void {
    void this.finishLeaving();
    const { mainKey, sessionKey } = this.#page.now;
    remember("leaving", key);
    this.#page.set({ leaving: { key, title: this.titleOf(key) } });
    this.#leavingTimer = setTimeout(() => void this.finishLeaving(), UNDO_MS);
    if (key === sessionKey) this.#navigation.openSession(mainKey);
  }

  /** The session that was to be deleted stays. */
  keep(): void {
    const { leaving } = this.#page.now;
    clearTimeout(this.#leavingTimer);
    remember("leaving", undefined);
    this.#page.set({ leaving: undefined });
    if (leaving !== undefined) this.#navigation.openSession(leaving.key);
  }

  /** Deletes what was taken off the list, also by an earlier visit. */
  async finishLeaving(): Promise<void> {
    clearTimeout(this.#leavingTimer);
    const key = recall("leaving");
    if (key === undefined) return;
    const answer = await this.#connection.ask("sessions.delete", { key });
    remember("leaving", undefined);
    if (this.#page.now.leaving?.key === key) this.#page.set({ leaving: undefined });
    if (answer === undefined) return;
    this.#conversation.forget(key);
    forgetMark(key);
    await this.load();
  }

  /** Whether sessions can be pinned and put away. */
  get canPutAway(): boolean {
    return this.canExport && this.#connection.may("admin");
  }

  /** Whether everything that was said in a session can be saved. */
  get canExport(): boolean {
    return this.#connection.offers("chat.past");
  }

  /** Pins a session above the others, puts it away, or takes that back. */
  async mark(key: string, mark: { readonly pinned?: boolean; readonly archived?: boolean }): Promise<void> {
    await this.#connection.ask("sessions.patch", { key, ...mark });
    const { mainKey, sessionKey } = this.#page.now;
    if (mark.archived === true && key === sessionKey) this.#navigation.openSession(mainKey);
    await this.load();
    if (this.#page.now.archived !== undefined) await this.loadArchived();
  }

  /** Saves everything that was ever said in a session as a file. */
  async export(key: string, title: string, format: ExportFormat): Promise<void> {
    await this.#connection.attempt(async () => {
      const { exportSession } = await loaded(import("../conversation/export.ts"));
      await exportSession(this.#connection.gateway, { key, title, format });
    });
  }

  /** Empties a session; its name and settings stay. */
  async reset(key: string): Promise<void> {
    if (!(await this.#connection.ask("sessions.reset", { key }))) return;
    if (key === this.#page.now.sessionKey) await this.#conversation.load();
    await this.load();
  }

  /** Chooses the model that answers in the open session. */
  async chooseModel(model: string): Promise<void> {
    await this.#connection.ask("sessions.patch", { key: this.#page.now.sessionKey, model });
    await Promise.all([this.load(), this.#facts.loadModels()]);
  }
}
