// Joins the small pieces that a bundle was split into. A slow phone pays for each file that it fetches: what the first view
// needs becomes one script, and what several pages share another.

import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { build } from "esbuild";

/**
 * The scripts of a split bundle, joined, by their paths. `first` are those of the first view, whose entry becomes `entry`
 * and holds all of them; chunks that only later pages share become `kit`, but for those of `apart`, which stay with the entry
 * that is named there. Every name ends with one hash of everything.
 */
export async function merged({ outputs, inputs }, { first, entry, apart, folder }) {
  const scripts = [...outputs.keys()].filter((path) => path.endsWith(".js"));
  const hash = hashOf(scripts.map((path) => outputs.get(path)));
  const isFirst = new Set(first);
  const groupOf = (path) => {
    if (isFirst.has(path)) return "app";
    if (inputs[path].entryPoint !== undefined) return path;
    return apart.find(({ members }) => members.includes(path))?.entry ?? "kit";
  };
  const nameOf = (path) => {
    const group = groupOf(path);
    return `${inputs[group] === undefined ? group : plainName(inputs[group].entryPoint)}-${hash}.js`;
  };
  const used = namesUsed(scripts, outputs, groupOf);
  const groups = new Map(scripts.map((path) => [groupOf(path), []]));
  for (const path of scripts) groups.get(groupOf(path)).push(path);
  const files = await Promise.all(
    [...groups].map(async ([group, members]) => {
      const main = group === "app" ? entry : group === "kit" ? undefined : group;
      const exports = inputs[main]?.exports ?? [];
      const contents = await joined({ members, main, exports, group, outputs, groupOf, nameOf, used });
      return [`${folder}/${nameOf(members[0])}`, contents];
    }),
  );
  return { scripts: new Map(unique(files)), entry: `${folder}/${nameOf(entry)}` };
}

/** What a source file is called among scripts: `channels/page.ts` is "channels". */
function plainName(source) {
  const name = basename(source).replace(/\.\w+$/, "");
  return name === "page" || name === "index" ? basename(dirname(source)) : name;
}

/** Two pages of one name would take each other's place. */
function unique(files) {
  const paths = new Set(files.map(([path]) => path));
  if (paths.size < files.length)
    throw new Error(`Two scripts have one name: ${files.map(([path]) => path).join(", ")}`);
  return files;
}

function hashOf(contents) {
  const hash = createHash("sha256");
  for (const each of contents) hash.update(each);
  return hash.digest("hex").slice(0, 8).toUpperCase();
}

/** What each chunk is asked for by chunks of other groups. */
function namesUsed(scripts, outputs, groupOf) {
  const used = new Map(scripts.map((path) => [path, new Set()]));
  for (const path of scripts) {
    const text = Buffer.from(outputs.get(path)).toString();
    for (const [, names, file] of text.matchAll(/(?:import|export)\s*\{([^{}]*)\}\s*from\s*"\.\/([^"]+)"/g)) {
      const target = scripts.find((each) => basename(each) === file);
      if (target === undefined || groupOf(target) === groupOf(path)) continue;
      for (const name of names.split(",")) used.get(target).add(name.trim().split(/\s+as\s+/)[0]);
    }
  }
  return used;
}

/** One script of several. Each chunk's names stand beside those of the others, with the chunk's place in front. */
async function joined({ members, main, exports, group, outputs, groupOf, nameOf, used }) {
  const known = new Map([...outputs.keys()].map((path) => [`./${basename(path)}`, path]));
  const paths = [...known.values()];
  const outside = (path, name) => (groupOf(path) === path ? name : `${name}_${paths.indexOf(path)}`);
  const names = (path) => [...used.get(path)].map((name) => `${name} as ${outside(path, name)}`).join(",");
  const start = [
    ...(main === undefined ? [] : [`import "./${basename(main)}";`]),
    ...(main === group ? [`export * from "./${basename(main)}";`] : []),
    // `export *` leaves the default out, which is all that a catalogue has.
    ...(main === group && exports.includes("default") ? [`export { default } from "./${basename(main)}";`] : []),
    ...members.filter((path) => path !== group).map((path) => `export {${names(path)}} from "./${basename(path)}";`),
  ].join("\n");
  const chunks = {
    name: "chunks",
    setup(build) {
      build.onResolve({ filter: /^start$/ }, () => ({ path: "start", namespace: "chunk" }));
      build.onResolve({ filter: /^\.\// }, ({ path: file, kind, namespace }) => {
        const path = known.get(file);
        if (path === undefined || namespace === "names") return { path: file, external: true };
        if (kind === "dynamic-import") return { path: `./${nameOf(path)}`, external: true };
        return members.includes(path) ? { path, namespace: "chunk" } : { path, namespace: "names" };
      });
      build.onLoad({ filter: /.*/, namespace: "chunk" }, ({ path }) => ({
        contents: path === "start" ? start : outputs.get(path),
        loader: "js",
      }));
      // A chunk of another script: its names there, under those that it has here.
      build.onLoad({ filter: /.*/, namespace: "names" }, ({ path }) => ({
        contents: `export {${[...used.get(path)].map((name) => `${outside(path, name)} as ${name}`).join(",")}} from "./${nameOf(path)}";`,
        loader: "js",
      }));
    },
  };
  const { outputFiles } = await build({
    ...{ entryPoints: ["start"], bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8" },
    ...{ legalComments: "none", write: false, plugins: [chunks], treeShaking: true },
  });
  return outputFiles[0].contents;
}
