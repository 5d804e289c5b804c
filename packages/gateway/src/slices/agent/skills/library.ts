/** Reads the skills on disk: one folder each, with a SKILL.md. Of two with one name, the first source's counts. */
import { join } from "node:path";
import { GatewayError, ignore, invalidRequest, messageOf } from "../../../base/errors.ts";
import { lstatIfAny } from "../../../base/files.ts";
import { Confined } from "../workspace/workspace.ts";
import { type Manifest, readManifest } from "./manifest.ts";

/** Where skills come from, in order of precedence. */
export type SkillSource = "workspace" | "managed" | "extra";

/** A folder of skills. */
export interface SkillRoot {
  readonly source: SkillSource;
  readonly path: string;
}

/** A skill as it stands on disk. */
export interface Skill extends Manifest {
  readonly source: SkillSource;
  /** Absolute. */
  readonly folder: string;
}

/** A folder that looks like a skill but is not a valid one. */
export interface BrokenSkill {
  readonly folder: string;
  readonly problem: string;
}

/** The skills of several folders, and those that are broken. */
export interface FoundSkills {
  readonly skills: readonly Skill[];
  readonly broken: readonly BrokenSkill[];
}

const SKILL_FILE = "SKILL.md";
const MAX_SKILLS = 200;
const MAX_BYTES = 200_000;

export class Library {
  readonly #known = new Map<string, { readonly stamp: string; readonly manifest: Manifest | string }>();

  /** Reads the shelves; what has not changed since the last time is not read again. */
  async read(roots: readonly SkillRoot[]): Promise<FoundSkills> {
    const skills = new Map<string, Skill>();
    const broken: BrokenSkill[] = [];
    for (const root of roots) {
      const { source, path } = root;
      for (const folder of foldersIn(root)) {
        const manifest = await this.#manifestOf(path, folder);
        if (manifest === undefined) continue;
        if (typeof manifest === "string") broken.push({ folder: join(path, folder), problem: manifest });
        else if (!skills.has(manifest.name)) {
          skills.set(manifest.name, { ...manifest, source, folder: join(path, folder) });
        }
      }
    }
    return { skills: [...skills.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), broken };
  }

  /** A skill's own words, or why they cannot be read; undefined when the folder has none. */
  async #manifestOf(root: string, folder: string): Promise<Manifest | string | undefined> {
    // Compare size and time first; only changed files are read through the confinement.
    const key = join(root, folder, SKILL_FILE);
    const stat = lstatIfAny(key);
    if (!stat) return undefined;
    const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    const known = this.#known.get(key);
    if (known?.stamp === stamp) return known.manifest;
    const manifest = await readOne(root, folder);
    if (this.#known.size >= MAX_SKILLS * 4) this.#known.clear();
    this.#known.set(key, { stamp, manifest });
    return manifest;
  }
}

/** The text of a file in a skill's folder. Throws `INVALID_REQUEST` for what is not in it, or is no text. */
export function readSkillFile({ folder }: Skill, path = SKILL_FILE): string {
  return inFolder(folder).read(path, MAX_BYTES).data.toString("utf8");
}

/** The files of a skill, beside its SKILL.md; those of its folders too, one level down. */
export function filesOf({ folder }: Skill): string[] {
  const files = inFolder(folder);
  const inside = (path: string): string[] =>
    files.entries(path, 100).flatMap(({ name, kind }) => {
      const here = path === "" ? name : `${path}/${name}`;
      if (kind === "folder" && path === "") return inside(here);
      return kind === "file" && here !== SKILL_FILE ? [here] : [];
    });
  return inside("").slice(0, 100);
}

/** The files of a folder that is one: a link in its place is not followed. */
function inFolder(folder: string): Confined {
  if (!lstatIfAny(folder)?.isDirectory()) throw invalidRequest(`${folder} is no folder any more`);
  return new Confined({ root: folder });
}

/** The owner's folders may be links; the one in a workspace may not, which the agent can write. */
function foldersIn({ source, path }: SkillRoot): string[] {
  if (source === "workspace" && !lstatIfAny(path)?.isDirectory()) return [];
  try {
    const entries = new Confined({ root: path }).entries("", MAX_SKILLS);
    return entries.filter(({ kind }) => kind === "folder").map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    ignore(error, "a folder that is not there, or that this user may not read, has no skills");
    return [];
  }
}

async function readOne(root: string, folder: string): Promise<Manifest | string> {
  try {
    const file = new Confined({ root }).read(`${folder}/${SKILL_FILE}`, MAX_BYTES);
    return await readManifest(file.data.toString("utf8"), folder);
  } catch (error) {
    if (error instanceof GatewayError) return messageOf(error);
    throw error;
  }
}
