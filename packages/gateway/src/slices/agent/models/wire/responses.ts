/** OpenAI's responses. The SDK passes over events that it does not know; here are those that it would refuse. */
import {
  argumentsIn,
  countsIn,
  type Json,
  numberIn,
  objectIn,
  objectsIn,
  type StreamNormalizer,
  textIn,
} from "./json.ts";

const ENDS: ReadonlySet<unknown> = new Set(["response.completed", "response.incomplete", "response.done"]);
/** Signs of life that say nothing. */
const QUIET: ReadonlySet<unknown> = new Set([
  "response.created",
  "response.in_progress",
  "response.queued",
  "keepalive",
]);

export class ResponsesNormalizer implements StreamNormalizer {
  isClosed = false;
  hasContent = false;

  read(event: Json): Json[] {
    const { type } = event;
    if (typeof type !== "string") return this.whole(event)?.flatMap((each) => this.read(each)) ?? [];
    if (ENDS.has(type)) return this.#end(event);
    if (!QUIET.has(type) && /\.delta$|output_item/.test(type)) this.hasContent = true;
    if (type === "response.created" || type === "response.in_progress") return created(event);
    if (type === "response.output_item.added" || type === "response.output_item.done") return [withItem(event)];
    if (type === "response.output_text.delta" || type === "response.refusal.delta") return [withPlace(event)];
    if (type === "response.function_call_arguments.delta")
      return [{ ...withPlace(event), delta: argumentsIn(event.delta) }];
    return [event];
  }

  before(): Json[] {
    this.hasContent = true;
    return [];
  }

  close(): Json[] {
    return this.#end({ type: "response.completed", response: {} });
  }

  whole(body: unknown): Json[] | undefined {
    const response = objectIn(body);
    if (!response || !Array.isArray(response.output)) return undefined;
    const items = objectsIn(response.output).flatMap((item, output_index): Json[] => [
      { type: "response.output_item.added", output_index, item: { ...item, content: [] } },
      ...objectsIn(item.content ?? []).flatMap((part): Json[] => {
        const place = { item_id: item.id, output_index, content_index: 0 };
        if (typeof part.text === "string") return [{ type: "response.output_text.delta", ...place, delta: part.text }];
        return typeof part.refusal === "string"
          ? [{ type: "response.refusal.delta", ...place, delta: part.refusal }]
          : [];
      }),
      { type: "response.output_item.done", output_index, item },
    ]);
    const type = response.status === "incomplete" ? "response.incomplete" : "response.completed";
    return [...items, { type, response }];
  }

  #end(event: Json): Json[] {
    this.isClosed = true;
    const { incomplete_details, status, usage } = objectIn(event.response) ?? {};
    const isWhole = event.type !== "response.incomplete" && (status ?? "completed") === "completed";
    const reason =
      textIn(objectIn(incomplete_details)?.reason) ?? (isWhole ? undefined : (textIn(status) ?? "incomplete"));
    const counts = { input_tokens: 0, output_tokens: 0, ...countsIn(usage) };
    const type = reason ? "response.incomplete" : event.type === "response.done" ? "response.completed" : event.type;
    return [{ type, response: { ...(reason && { incomplete_details: { reason } }), usage: counts } }];
  }
}

function created({ response }: Json): Json[] {
  const { id, created_at, model } = objectIn(response) ?? {};
  return [
    {
      type: "response.created",
      response: { id: textIn(id) ?? "response", created_at: numberIn(created_at) ?? 0, model: textIn(model) ?? "" },
    },
  ];
}

function withPlace(event: Json): Json {
  return {
    ...event,
    item_id: textIn(event.item_id) ?? "item",
    output_index: numberIn(event.output_index) ?? 0,
    content_index: numberIn(event.content_index) ?? 0,
    delta: textIn(event.delta) ?? "",
  };
}

function withItem(event: Json): Json {
  const item = objectIn(event.item) ?? {};
  const output_index = numberIn(event.output_index) ?? 0;
  const id = textIn(item.id) || `item_${output_index}`;
  if (item.type !== "function_call") return { ...event, output_index, item: { ...item, id } };
  const call = {
    ...{ type: "function_call", id, call_id: textIn(item.call_id) || id, name: textIn(item.name) ?? "" },
    ...{ arguments: argumentsIn(item.arguments), status: textIn(item.status) ?? "completed" },
  };
  return { ...event, output_index, item: call };
}
