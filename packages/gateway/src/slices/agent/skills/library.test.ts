import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type FoundSkills, filesOf, Library, readSkillFile, type SkillRoot, type SkillSource } from "./library.ts";

/** A folder that is removed afterwards, and the shelves in it. */
function open() {
  const root = mkdtempSync(join(tmpdir(), "moltbot-skills-"));
  return {
    root,
    rootOf: (source: SkillSource): SkillRoot => ({ source, path: join(root, source) }),
    /** Writes a file and the folders on the way. */
    write(path: string, text: string): void {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

const text = (name: string, description = "It helps.") =>
  `---\nname: ${name}\ndescription: ${description}\n---\nDo it.\n`;

/** What was found, as short as possible. */
function shown({ skills, broken }: FoundSkills, root: string) {
  return {
    skills: skills.map(({ name, source, folder }) => [name, source, folder.replace(`${root}/`, "")]),
    broken: broken.map(({ folder, problem }) => [folder.replace(`${root}/`, ""), problem]),
  };
}

test("skills are found by folder and listed by name; of two with one name the first source's counts", async () => {
  using opened = open();
  opened.write("workspace/b/SKILL.md", text("both"));
  opened.write("managed/z/SKILL.md", text("zeal"));
  opened.write("managed/b/SKILL.md", text("both"));
  opened.write("extra/a/SKILL.md", text("able"));
  opened.write("extra/notes/README.md", "no skill");
  opened.write("extra/SKILL.md", text("loose"));

  const found = await new Library().read([
    opened.rootOf("workspace"),
    opened.rootOf("managed"),
    opened.rootOf("extra"),
  ]);

  assert.deepEqual(shown(found, opened.root), {
    skills: [
      ["able", "extra", "extra/a"],
      ["both", "workspace", "workspace/b"],
      ["zeal", "managed", "managed/z"],
    ],
    broken: [],
  });
});

test("a folder whose SKILL.md cannot be read is named with its problem, and hides no other", async () => {
  using opened = open();
  opened.write("workspace/both/SKILL.md", "Do it.");
  opened.write("managed/both/SKILL.md", text("both"));

  const found = await new Library().read([opened.rootOf("workspace"), opened.rootOf("managed")]);

  assert.deepEqual(shown(found, opened.root), {
    skills: [["both", "managed", "managed/both"]],
    broken: [["workspace/both", "it does not begin with a head between two lines of ---"]],
  });
});

test("a shelf that is not there has no skills", async () => {
  using opened = open();

  const found = await new Library().read([
    opened.rootOf("workspace"),
    opened.rootOf("managed"),
    opened.rootOf("extra"),
  ]);

  assert.deepEqual(found, { skills: [], broken: [] });
});

const LINKS: readonly [source: SkillSource, names: string[]][] = [
  ["workspace", []],
  ["managed", ["linked"]],
  ["extra", ["linked"]],
];
for (const [source, names] of LINKS) {
  test(`a link in the place of the ${source} folder is ${names.length > 0 ? "followed" : "not followed"}`, async () => {
    using opened = open();
    opened.write("elsewhere/linked/SKILL.md", text("linked"));
    symlinkSync("elsewhere", join(opened.root, source));

    const { skills } = await new Library().read([opened.rootOf(source)]);

    assert.deepEqual(
      skills.map(({ name }) => name),
      names,
    );
  });
}

test("a SKILL.md that leads out of its shelf is not read", async () => {
  using opened = open();
  opened.write("outside.md", text("outside"));
  opened.write("managed/a/notes.md", "");
  symlinkSync("../../outside.md", join(opened.root, "managed/a/SKILL.md"));

  const { skills, broken } = await new Library().read([opened.rootOf("managed")]);

  assert.deepEqual([skills, broken.map(({ folder }) => folder)], [[], [join(opened.root, "managed/a")]]);
});

test("what changes is read again; what is deleted is gone", async () => {
  using opened = open();
  const library = new Library();
  const roots = [opened.rootOf("managed")];
  const descriptions = async () => (await library.read(roots)).skills.map(({ description }) => description);
  opened.write("managed/a/SKILL.md", text("a", "Old."));
  opened.write("managed/b/SKILL.md", text("b", "Stays."));

  const before = await descriptions();
  opened.write("managed/a/SKILL.md", text("a", "Newer words."));
  const after = await descriptions();
  rmSync(join(opened.root, "managed/a"), { recursive: true });

  assert.deepEqual([before, after, await descriptions()], [["Old.", "Stays."], ["Newer words.", "Stays."], ["Stays."]]);
});

/** The one skill of a folder with these files. */
async function skillWith(opened: ReturnType<typeof open>, files: Readonly<Record<string, string>>) {
  for (const [path, content] of Object.entries(files)) opened.write(`managed/a/${path}`, content);
  opened.write("managed/a/SKILL.md", text("a"));
  const [skill] = (await new Library().read([opened.rootOf("managed")])).skills;
  assert.ok(skill);
  return skill;
}

test("the files of a skill are listed one level down, without its SKILL.md", async () => {
  using opened = open();

  const skill = await skillWith(opened, {
    "b.md": "",
    "scripts/run.sh": "",
    "scripts/deep/far.sh": "",
    "c/SKILL.md": "",
  });

  assert.deepEqual(filesOf(skill).toSorted(), ["b.md", "c/SKILL.md", "scripts/run.sh"]);
});

test("a skill's file is read as text; without a path it is its SKILL.md", async () => {
  using opened = open();
  const skill = await skillWith(opened, { "notes/b.md": "Grüße" });

  assert.deepEqual([readSkillFile(skill), readSkillFile(skill, "notes/b.md")], [text("a"), "Grüße"]);
});

for (const path of ["../b/SKILL.md", "/etc/passwd", "none.md", "notes", ""]) {
  test(`a skill has no file ${JSON.stringify(path)}`, async () => {
    using opened = open();
    opened.write("managed/b/SKILL.md", text("b"));
    const skill = await skillWith(opened, { "notes/b.md": "" });

    assert.throws(() => readSkillFile(skill, path), { code: "INVALID_REQUEST" });
  });
}

test("the files of a folder that became a link are not read", async () => {
  using opened = open();
  const skill = await skillWith(opened, {});
  opened.write("elsewhere/SKILL.md", text("other"));
  rmSync(skill.folder, { recursive: true });
  symlinkSync("../elsewhere", skill.folder);

  for (const act of [() => filesOf(skill), () => readSkillFile(skill)])
    assert.throws(act, { code: "INVALID_REQUEST", message: `${skill.folder} is no folder any more` });
});
