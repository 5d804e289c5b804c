/** The methods of imports, for clients of a gateway that runs. */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

const Folder = Type.String({ minLength: 1, maxLength: 4_096, description: "One of those that import.found names." });
const Count = Type.Integer({ minimum: 0 });
const Texts = Type.Array(Type.String());

export const found = defineMethod({
  name: "import.found",
  summary: "Folders in which other gateways on this machine keep their state, and the newest import.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    folders: Type.Array(NonEmpty),
    last: Type.Optional(Type.Object({ folder: NonEmpty, at: Millis })),
  }),
  handler: ({ gateway }) => gateway.imports.found(),
});

export const plan = defineMethod({
  name: "import.plan",
  summary: "What the state of another gateway would bring; nothing is changed.",
  access: "operator.admin",
  params: { folder: Folder },
  result: Type.Object({
    folder: NonEmpty,
    generation: OneOf("january", "today"),
    counts: Type.Array(Type.Object({ kind: NonEmpty, found: Count, fresh: Count })),
    conversations: Count,
    channels: Type.Array(NonEmpty, { description: "They stay off until somebody switches them on." }),
    commands: Type.Array(Type.Object({ agentId: Type.String(), pattern: Type.String() }), {
      description: "What ran there without asking; here each must be allowed anew.",
    }),
    left: Texts,
    warnings: Texts,
    notes: Type.Integer({ minimum: 0, description: "How many of both there are in all." }),
  }),
  handler: ({ params, gateway }) => gateway.imports.look(params.folder),
});

export const apply = defineMethod({
  name: "import.apply",
  summary:
    "Takes over the state of another gateway, which must not run, and restarts in place. Only what is new is added.",
  access: "operator.admin",
  params: { folder: Folder },
  result: Type.Object({
    added: Type.Record(Type.String(), Count),
    report: Type.String({ description: "The file that names all of it." }),
    channels: Type.Array(NonEmpty),
  }),
  handler: ({ params, gateway }) => gateway.imports.take(params.folder),
});

export const undo = defineMethod({
  name: "import.undo",
  summary: "Takes the newest import back and restarts in place; what came after it stays.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    folder: NonEmpty,
    removed: Type.Record(Type.String(), Count),
    kept: Type.Array(Type.String(), { description: "What could not be taken back, each with what to do." }),
  }),
  handler: async ({ gateway }) => {
    const { folder, removed, kept } = await gateway.imports.takeBack();
    return { folder, removed: { ...removed }, kept: [...kept] };
  },
});
