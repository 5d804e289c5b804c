/** Which jobs a list holds, and in which order, as SQL. */
type Value = string | number;

export interface JobFilter {
  /** All, those that are switched on, or the others. */
  readonly enabled: "all" | "enabled" | "disabled";
  readonly agentId?: string | undefined;
  /** The agent of jobs that name none. */
  readonly defaultAgentId?: string | undefined;
  readonly scheduleKind?: string | undefined;
  readonly payloadKind?: string | undefined;
  readonly lastRunStatus?: string | undefined;
  /** Words that the name, the description or the id holds. */
  readonly query?: string | undefined;
  readonly sortBy?: "nextRunAtMs" | "updatedAtMs" | "createdAtMs" | "name" | undefined;
  readonly sortDir?: "asc" | "desc" | undefined;
}

export function whereOf(filter: JobFilter): { where: string; values: Value[] } {
  const { enabled, agentId, defaultAgentId, scheduleKind, payloadKind, lastRunStatus, query } = filter;
  const parts: [string, ...Value[]][] = [];
  if (enabled !== "all") parts.push(["enabled = ?", enabled === "enabled" ? 1 : 0]);
  if (agentId !== undefined)
    parts.push(["coalesce(json_extract(config, '$.agentId'), ?) = ?", defaultAgentId ?? "", agentId]);
  if (scheduleKind !== undefined) parts.push(["json_extract(config, '$.schedule.kind') = ?", scheduleKind]);
  if (payloadKind !== undefined) parts.push(["json_extract(config, '$.payload.kind') = ?", payloadKind]);
  if (lastRunStatus !== undefined) parts.push(["json_extract(state, '$.last') = ?", lastRunStatus]);
  for (const word of (query ?? "")
    .split(/\s+/)
    .filter((each) => each !== "")
    .slice(0, 20)) {
    const like = `%${word.replace(/[\\%_]/g, "\\$&")}%`;
    const text =
      "(json_extract(config, '$.name') || ' ' || coalesce(json_extract(config, '$.description'), '') || ' ' || id)";
    parts.push([`${text} like ? escape '\\'`, like]);
  }
  const where = parts.length === 0 ? "true" : parts.map(([sql]) => sql).join(" and ");
  return { where, values: parts.flatMap(([, ...values]) => values) };
}

/** Jobs that wait for nothing come last, however the others are sorted. */
export function orderOf({ sortBy = "nextRunAtMs", sortDir = "asc" }: JobFilter): string {
  const way = sortDir === "desc" ? "desc" : "asc";
  if (sortBy === "updatedAtMs") return `updated_at ${way}, id`;
  if (sortBy === "createdAtMs") return `created_at ${way}, id`;
  if (sortBy === "name") return `lower(json_extract(config, '$.name')) ${way}, id`;
  return way === "asc" ? "next_at is null, next_at, id" : "next_at is null, next_at desc, id";
}
