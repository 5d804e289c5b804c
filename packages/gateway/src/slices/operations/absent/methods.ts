/**
 * Answers for features that today's clients ask for and this gateway does not have. Each answer is empty in the shape
 * that clients read, so that a page is empty and not broken. These methods are not listed in hello-ok, and do nothing.
 */
import { Type } from "@sinclair/typebox";
import type { Scope } from "../../../kit/access.ts";
import type { Method } from "../../../kit/method.ts";
import { defineMethod } from "./slice.ts";

/** Name, the missing feature, the answer, and the access when it is not read scope. */
type Row = readonly [name: string, what: string, answer: object, access?: Scope];

const THEME = { id: "moltbot", name: "moltbot", description: "The one that there is.", source: "builtin" };

const ROWS: readonly Row[] = [
  ["plugin.approval.list", "Questions of plugins", [], "operator.approvals"],
  ["openclaw.approval.list", "Questions of a system agent", [], "operator.approvals"],
  ["exec.approval.grants.list", "Grants for a time", { grants: [] }, "operator.approvals"],
  ["question.list", "Questions that agents put to people", { questions: [] }],
  ["environments.list", "Environments", { environments: [] }],
  ["worktrees.list", "Work trees", { worktrees: [] }],
  ["transcripts.list", "Transcripts of meetings", { sessions: [], nextCursor: null }],
  ["artifacts.list", "Artifacts", { artifacts: [] }],
  ["migrations.memory.plan", "Memories to be taken over", { providers: [] }],
  ["skills.library.list", "A library of skills", { entries: [], profileId: null }],
  ["skills.search", "A catalogue of skills", { results: [] }],
  ["skills.proposals.list", "Proposals of skills", { proposals: [], installedSkills: [] }],
  ["plugins.list", "Plugins", { plugins: [], diagnostics: [], mutationAllowed: false, generation: 0 }],
  ["plugins.catalog.browse", "A catalogue of plugins", { items: [] }],
  ["progressCard.get", "Progress cards", { card: null }],
  ["sessions.branches.list", "Branches of a conversation", { branches: [] }],
  ["sessions.companion.state", "A companion beside a conversation", { exchanges: [] }],
  ["sessions.observer.visibility", "Observers", { ok: true }],
  [
    "themes.list",
    "Themes to choose from",
    {
      current: { id: THEME.id, mode: "system", scope: "default", overrides: {} },
      theme: { ...THEME, modes: ["light", "dark"] },
      themes: [{ ...THEME, modes: ["light", "dark"] }],
    },
  ],
  [
    "update.status",
    "Updates by the gateway itself",
    {
      ...{ sentinel: null, updateAvailable: null, effectiveChannel: "stable" },
      schedule: { channel: "stable", autoEnabled: false },
    },
    "operator.admin",
  ],
];

const ABSENT: readonly Method[] = [
  ...ROWS.map(([name, what, answer, access = "operator.read"]) =>
    defineMethod({
      ...{ name, access, listed: false, open: true },
      summary: `${what}: there are none here; the answer is always the same.`,
      params: {},
      result: Array.isArray(answer) ? Type.Array(Type.Unknown()) : Type.Record(Type.String(), Type.Unknown()),
      handler: () => answer as never,
    }),
  ),
  defineMethod({
    name: "diagnostics.lanes",
    summary: "Lanes: there are none here that could be shown.",
    access: "operator.read",
    listed: false,
    open: true,
    params: {},
    result: Type.Record(Type.String(), Type.Unknown()),
    handler: ({ gateway }) => ({ ts: gateway.clock.now(), lanes: [], dynamic: null }),
  }),
];

export const methods = Object.fromEntries(ABSENT.map((method) => [method.name, method]));
