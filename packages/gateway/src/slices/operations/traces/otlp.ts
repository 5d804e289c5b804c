/** Spans in the JSON of OTLP. Source: opentelemetry-proto, "JSON Protobuf Encoding"; semantic conventions for generative AI. */

import { hostname } from "node:os";
import { defined } from "../../../base/defined.ts";
import type { Env } from "../../../base/files.ts";

type Value = string | number | boolean | undefined;

/** One step of a trace. Texts of messages are never in it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: "internal" | "client" | "producer" | "consumer";
  /** Epoch milliseconds. */
  readonly startAt: number;
  readonly endAt: number;
  readonly isError?: boolean;
  readonly attributes: Readonly<Record<string, Value>>;
}

const KINDS = { internal: 1, client: 3, producer: 4, consumer: 5 } as const;
const STATUS_ERROR = 2;

/** The body of a request to a collector. */
export function otlpBody(spans: readonly Span[], resource: object, version: string): string {
  const scope = { name: "moltbot", version };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map(toOtlp) }] }] });
}

/** What all spans of this process have in common; the standard variables may say more. */
export function resourceOf(env: Env, version: string): object {
  const named = (env.OTEL_RESOURCE_ATTRIBUTES ?? "")
    .split(",")
    .map((pair) => pair.split("=", 2).map((each) => each.trim()))
    .filter(([name, value]) => name && value !== undefined);
  return {
    attributes: attributesOf({
      "service.name": "moltbot",
      "service.version": version,
      "host.name": hostname(),
      "process.pid": process.pid,
      ...Object.fromEntries(named),
      ...(env.OTEL_SERVICE_NAME && { "service.name": env.OTEL_SERVICE_NAME }),
    }),
  };
}

function toOtlp({ traceId, spanId, parentSpanId, name, kind, startAt, endAt, isError, attributes }: Span): object {
  return {
    ...{ traceId, spanId, ...defined({ parentSpanId }), name, kind: KINDS[kind] },
    startTimeUnixNano: nanos(startAt),
    endTimeUnixNano: nanos(Math.max(startAt, endAt)),
    attributes: attributesOf(attributes),
    status: isError ? { code: STATUS_ERROR } : {},
  };
}

/** Numbers of 64 bits are texts in this form. */
function nanos(ms: number): string {
  return `${Math.max(0, Math.round(ms))}000000`;
}

function attributesOf(values: Readonly<Record<string, Value>>): object[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : { key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "string") return { stringValue: value.slice(0, MAX_CHARS) };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const MAX_CHARS = 500;
