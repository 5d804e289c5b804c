/** The secrets of traces in the environment. */
import type { Env } from "../../../base/files.ts";

/** The headers of the standard variables by name; values are written as in a URL (OpenTelemetry: OTLP exporter). */
export function headersIn(env: Env): Record<string, string> {
  const text = env.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? env.OTEL_EXPORTER_OTLP_HEADERS ?? "";
  const pairs = text.split(",").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return Object.fromEntries(
    pairs.flatMap(([name = "", value = ""]) =>
      name.trim() === "" ? [] : [[name.trim().toLowerCase(), decoded(value.trim())]],
    ),
  );
}

/** The values of the headers. */
export function keysIn(env: Env): string[] {
  return Object.values(headersIn(env));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
