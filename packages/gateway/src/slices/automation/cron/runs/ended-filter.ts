/** Which ends of runs a list holds, as SQL. */

/** Which ends are listed; all when nothing is said. */
export interface EndedFilter {
  readonly jobId?: string | undefined;
  readonly runId?: string | undefined;
  readonly statuses?: readonly string[] | undefined;
  readonly deliveryStatuses?: readonly string[] | undefined;
  readonly query?: string | undefined;
  readonly oldestFirst?: boolean;
}

export function whereEnded({ jobId, runId, statuses, deliveryStatuses, query }: EndedFilter) {
  const parts: [string, ...string[]][] = [["state not in ('waiting', 'running')"]];
  if (jobId !== undefined) parts.push(["job_id = ?", jobId]);
  const slotId = /^manual:.*:(\d{1,15})$/.exec(runId ?? "")?.[1];
  if (slotId !== undefined) parts.push(["id = cast(? as integer)", slotId], ["cause = 'person'"]);
  else if (runId !== undefined) parts.push(["run_id = ?", runId]);
  if (statuses) parts.push([`state in (${statuses.map(() => "?").join(", ")})`, ...statuses]);
  if (deliveryStatuses)
    parts.push([`delivery in (${deliveryStatuses.map(() => "?").join(", ")})`, ...deliveryStatuses]);
  if (query) {
    const text = "(job_name || ' ' || job_id || ' ' || coalesce(summary, '') || ' ' || coalesce(error, ''))";
    parts.push([`${text} like ? escape '\\'`, `%${query.replace(/[\\%_]/g, "\\$&")}%`]);
  }
  return { where: parts.map(([sql]) => sql).join(" and "), values: parts.flatMap(([, ...values]) => values) };
}
