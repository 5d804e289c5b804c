/** Adds what a plan names: rows in one transaction, then the settings. */
import { Buffer } from "node:buffer";
import { cpSync, existsSync, lstatSync } from "node:fs";
import { newId } from "../../../base/ids.ts";
import type { Adopted, AdoptedTranscript } from "../../core/sessions/adopt.ts";
import type { FoundMessage, FoundTranscript, Note } from "./found.ts";
import type { ImportServices } from "./import-services.ts";
import { type AppliedImport, conversationsOf, type Kind, type Plan } from "./plan.ts";
import type { ImportRecord, Records } from "./record.ts";

export interface ImportContext {
  readonly services: ImportServices;
  readonly records: Records;
}

export async function apply({ services, records }: ImportContext, plan: Plan): Promise<AppliedImport> {
  const { found, choice, config } = plan;
  const takes = (kind: Kind) => choice.only === undefined || choice.only.includes(kind);
  const warnings: Note[] = [];
  const { patchConfigText } = await import("../../../base/config/config-edit.ts");
  const before = services.config.snapshot();
  const hasSettings = config.taken.length > 0;
  const after = hasSettings ? patchConfigText(before.raw ?? "", config.patch) : undefined;
  const hasWords = freshOf(plan, "voicewake") > 0;
  const copies = choice.copy ? copyWorkspaces(plan, warnings) : [];
  const record = services.store.transaction((): ImportRecord => {
    const made: ImportRecord = {
      conversations: takes("sessions") ? adoptConversations(services, plan) : [],
      devices: plan.devices.filter((each) => services.devices.adopt(each)).map(({ deviceId }) => deviceId),
      jobs: plan.jobs.filter(({ save }) => save()).map(({ id }) => id),
      senders: takes("senders")
        ? found.senders.filter(({ channel, sender }) => services.messaging.pairing.adopt(channel, sender))
        : [],
      logins: takes("logins") ? adoptLogins(services, plan) : [],
      voiceWake: hasWords ? services.nodes.voiceWake.triggers() : undefined,
      config: after === undefined ? undefined : { before: before.raw ?? "", after },
      copies,
    };
    if (made.voiceWake) services.nodes.voiceWake.set(found.voiceWake!);
    if (plan.counts.some(({ fresh }) => fresh > 0) || copies.length > 0)
      records.save({ id: newId(), folder: found.folder, at: services.clock.now(), record: made });
    return made;
  });
  if (after !== undefined) services.config.write(after, before.hash);
  return {
    added: {
      config: config.taken.length,
      workspace: choice.copy ? copies.length : config.taken.filter((path) => path.endsWith("workspace")).length,
      sessions: record.conversations.reduce((sum, { messages }) => sum + messages, 0),
      jobs: record.jobs.length,
      devices: record.devices.length,
      senders: record.senders.length,
      logins: record.logins.length,
      keys: freshOf(plan, "keys"),
      voicewake: freshOf(plan, "voicewake"),
    },
    warnings: [...plan.warnings, ...warnings],
  };
}

function freshOf({ counts }: Plan, wanted: Kind): number {
  return counts.find(({ kind }) => kind === wanted)?.fresh ?? 0;
}

function adoptConversations({ sessions }: ImportServices, { found }: Plan): Adopted[] {
  return [...conversationsOf(found)].flatMap(([key, transcripts]) => {
    const adopted = sessions.adoption.adopt(
      key,
      transcripts.map((each) => adoptable(each, sessions)),
    );
    return adopted.messages > 0 ? [adopted] : [];
  });
}

function adoptable(transcript: FoundTranscript, sessions: ImportServices["sessions"]): AdoptedTranscript {
  const { id, reason, isCurrent, createdAt, updatedAt, label, tokens } = transcript;
  const messages = transcript.messages().map(({ id, at, message }) => ({
    ...{ id, at },
    message: { ...message, content: contentOf(message.content, sessions) },
  }));
  return { id, reason, isCurrent, createdAt, updatedAt, label, tokens, messages };
}

/** Pictures become files of ours. */
function contentOf(content: FoundMessage["message"]["content"], { media }: ImportServices["sessions"]) {
  return content.map((part) => {
    if (part.type !== "picture") return part;
    const { data, mimeType } = part;
    return { type: "image" as const, ...media.save(Buffer.from(data, "base64"), { mimeType }) };
  });
}

function adoptLogins({ messaging }: ImportServices, { found }: Plan): ImportRecord["logins"] {
  return found.logins.flatMap(({ channel, account, values }) => {
    const state = messaging.stateOf(channel, account);
    if (state.entries("").length > 0) return [];
    state.write(Object.fromEntries(values));
    return [{ channel, account, keys: [...values.keys()] }];
  });
}

/** Copies workspaces, without links. One whose place is taken is not copied. */
function copyWorkspaces({ workspaces }: Plan, warnings: Note[]): string[] {
  return workspaces.flatMap(({ from, to }) => {
    if (existsSync(to)) {
      warnings.push({ at: to, text: "is there already; nothing was copied into it" });
      return [];
    }
    cpSync(from, to, {
      recursive: true,
      errorOnExist: true,
      filter: (path) => {
        const stats = lstatSync(path);
        return stats.isFile() || stats.isDirectory();
      },
    });
    return [to];
  });
}
