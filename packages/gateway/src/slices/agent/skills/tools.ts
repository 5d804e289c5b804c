/** The tool with which an agent reads a skill when it needs it. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import type { Tool } from "../../../kit/tool.ts";
import { defineTool } from "./slice.ts";

const skill = defineTool({
  name: "skill",
  summary: "Reads the instructions of a skill, or another file that belongs to it. Do it before you use the skill.",
  audience: "trusted",
  changes: false,
  maxChars: 60_000,
  params: {
    name: Type.String({ minLength: 1, maxLength: 64, description: "As the list of skills has it." }),
    file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: 'A file in its folder: "reference.md". SKILL.md by default.',
      }),
    ),
  },
  async run({ params: { name, file }, run, gateway: { skills } }) {
    const usable = await skills.usable(run.agentId);
    const found = usable.find((each) => each.name === name);
    if (!found) {
      const names = usable
        .map((each) => each.name)
        .join(", ")
        .slice(0, 1_000);
      throw invalidRequest(
        `there is no skill ${JSON.stringify(name)} that can be used; there ${names === "" ? "is none" : `are ${names}`}`,
      );
    }
    return { text: skills.read(found, file), meta: { skill: name } };
  },
});

export const tools: readonly Tool[] = [skill];
