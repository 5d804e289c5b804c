// Lists that are longer than a test could make them: the gateway's answers, with rows behind the real ones.

import type { WebSocketRoute } from "playwright-core";

interface Params {
  readonly limit?: number;
  readonly offset?: number;
  readonly archived?: boolean;
}

/** Lets the page hear of `count` rows of a list that is read page by page, the real ones first. */
export function paged(
  method: string,
  list: string,
  count: number,
  row: (index: number) => object,
): (route: WebSocketRoute) => void {
  return (route) => {
    const gateway = route.connectToServer();
    const asked = new Map<string, Params>();
    route.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (frame.method === method) asked.set(frame.id, frame.params ?? {});
      gateway.send(text);
    });
    gateway.onMessage((text) => {
      const frame = JSON.parse(String(text));
      const params = frame.type === "res" && frame.ok ? asked.get(frame.id) : undefined;
      if (params === undefined || params.archived) return route.send(text);
      const { limit = 50, offset = 0 } = params;
      const real: object[] = frame.payload[list];
      const length = Math.max(0, Math.min(limit, count - offset) - real.length);
      const more = Array.from({ length }, (_, at) => row(offset + real.length + at));
      const hasMore = offset + limit < count;
      route.send(JSON.stringify({ ...frame, payload: { ...frame.payload, [list]: [...real, ...more], hasMore } }));
    });
  };
}

/** A conversation for `sessions.list`. */
export function manySessions(index: number): object {
  return {
    ...{ key: `agent:main:n-${index}`, kind: "direct", label: `Number ${index}` },
    ...{
      updatedAt: 1_700_000_000_000 - index * 60_000,
      totalTokens: 0,
      lastMessagePreview: `What was said in ${index}`,
    },
  };
}

/** A job for `cron.list`. */
export function manyJobs(index: number): object {
  return {
    ...{ id: `job-${index}`, name: `Job ${index}`, enabled: true, createdAtMs: 1, updatedAtMs: 1 },
    ...{ schedule: { kind: "cron", expr: "0 8 * * *", tz: "Europe/Vienna" }, sessionTarget: "isolated" },
    ...{ payload: { kind: "agentTurn", message: "Look" }, wakeMode: "now" },
    state: { nextRunAtMs: 1_900_000_000_000 + index * 60_000 },
  };
}
