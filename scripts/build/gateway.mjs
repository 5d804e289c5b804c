// Builds the gateway: one file of what every start runs, one of what runs at first use, and chunks with the libraries.
//
// A start pays for each byte it reads and each definition it makes (measured: 1.9 MB took 46 of 117 ms of CPU until
// hello-ok), so modules that no start runs are in the second file; `later.mjs` names them. The sources import them as any
// other: the build puts a stand-in there, whose properties read the second file when the first of them is used.
//
// What else was measured, on Node 24:
// - Node's compile cache alone keeps what is compiled while a file is loaded; V8 compiles the functions that run one by one at
//   each start. Instructions from spawn to hello-ok: 578 million, and 478 with the functions kept, of which bare Node takes 90;
//   `moltbot health`: 250 and 215. A loader of our own in place of Node's saves 8 million more, but tools that watch Node's see
//   nothing.
// - All in one file of 1.9 MB: 18 ms more CPU until hello-ok, of 113, and 3.5 MB more memory in a gateway that nobody has asked
//   anything yet. One part for each module, linked by getters: 147 parts took back all that their later loading had saved.
// - A snapshot of V8 (`--build-snapshot`): Node takes one by a flag only, so a second start of Node (20 ms of CPU) comes before
//   it, and an empty snapshot costs 9 ms of CPU, because 6 MB are read and checked.
// - A larger young generation from the start saves two collections (3 ms) and costs more for the new pages. An entry of `bin` in
//   CommonJS saves 1 ms of CPU at most.
// - Of about 100 ms of CPU before functions were kept: Node itself 21, its modules for HTTP, cryptography and SQLite 10, reading
//   the file 8, running its modules 16, config and secrets 13, the services 8, listening 2, the upgrade and the handshake 16. A
//   bare server on http, ws and SQLite that says hello takes 47. Most of what a start still compiles is Node's own.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, transform } from "esbuild";
import { explain, root } from "../process.mjs";
import { bundle, common, fresh, gateway, inAscii, lazyBuiltins, output } from "./bundle.mjs";
import { LATER } from "./later.mjs";

/** What one file asks of another: `part:start/FILE`, `part:later/FILE` or `part:chunk/FILE`. */
const PART = /require\("part:(start|later|chunk)\/([^"]+)"\)/g;
/** A chunk was a module: what it exports is its namespace. esbuild takes it for CommonJS, and would make all of it the default. */
const WRAPPED = /__toESM\((require\("part:chunk\/[^"]+"\)),1\)/g;
/**
 * What the files call of their own. Of two equal names in a file the bundler renames one, and these calls are put in after that;
 * so they have names that no source has.
 */
const OWN = { shared: "sharedModules$", part: "laterModule$", parts: "laterModules$" };
const ENTRY = "packages/gateway/src/start/supervise.ts";

/** Builds the gateway's files. What is where is known after a first look at what the first two would hold. */
export async function buildGateway() {
  const wanted = laterFiles();
  const start = sourcesOf(await bundleStart({ start: new Set(), later: wanted }));
  const needed = sourcesOf(await bundleLater({ start, later: wanted }, wanted));
  // They run in this order.
  const later = new Set([...needed.difference(wanted), ...wanted]);
  const places = { start, later, chunks: new Map() };
  const exports = new Map(await Promise.all([...start, ...later].map(async (path) => [path, await exportsOf(path)])));
  const startText = textOf(await bundleStart(places, exports));
  const laterText = textOf(await bundleLater(places, later, exports));
  const names = await writeChunks(places);
  const linkedLater = inAscii(
    linked(laterText, {
      start: (file) => `require("./gateway.cjs").shared()["${file}"]`,
      later: (file) => `${OWN.parts}()["${file}"]`,
      chunk: (file) => `require("./chunks/${names.get(file)}")`,
    }),
  );
  // A gateway that still runs on an older build must not meet the file of a newer one.
  const laterName = `gateway-later-${createHash("sha256").update(linkedLater).digest("hex").slice(0, 8)}.cjs`;
  writeFileSync(join(fresh, laterName), linkedLater);
  const linkedStart = linked(startText, {
    start: (file) => `${OWN.shared}()["${file}"]`,
    later: (file) => standIn(file, exports),
    chunk: (file) => `require("./chunks/${names.get(file)}")`,
  });
  writeFileSync(join(fresh, "gateway.cjs"), inAscii(linkedStart.replace("__later()", `require("./${laterName}")`)));
}

/** What every start runs. `shared` gives others its modules, `part` those of the second file. */
function bundleStart(places, exports = new Map()) {
  const shared = registry(places.start, exports);
  const contents = `export * from "./${ENTRY}";
    ${shared.imports}
    var made, later;
    function ${OWN.shared}() { return (made ??= ${shared.modules}); }
    function ${OWN.part}(file) { return (later ??= __later().parts())[file]; }
    export { ${OWN.shared} as shared, ${OWN.part} as part };`;
  return bundleOne(contents, [servicesAtStart(), elsewhere(places, "start")]);
}

/** What is read when the first of it is used. */
function bundleLater(places, files, exports) {
  const parts = registry(files, exports);
  const contents = `${parts.imports}
    var made;
    function ${OWN.parts}() { return (made ??= ${parts.modules}); }
    export { ${OWN.parts} as parts };`;
  return bundleOne(contents, [elsewhere(places, "later")]);
}

function bundleOne(contents, plugins) {
  return bundle({
    ...common(),
    ...output(),
    stdin: { contents, resolveDir: root, sourcefile: "gateway.ts", loader: "ts" },
    plugins: [lazyBuiltins(), plainSchemas(), offerAtBuild(), ...plugins],
    format: "cjs",
    write: false,
  });
}

/** Imports of modules and an object that gives what they export, by their files. Before the exports are known, only the imports. */
function registry(files, exports) {
  const all = [...files].map((path, at) => ({ path, file: fileOf(path), names: exports?.get(path) ?? [], at }));
  const local = (at, index) => `m${at}_${index}`;
  return {
    imports: all
      .map(({ file, names, at }) => {
        const list = names.map((name, index) => `${name} as ${local(at, index)}`).join(", ");
        return `import ${list && `{ ${list} } from `}"./${file}.ts";`;
      })
      .join("\n"),
    modules: `({ ${all
      .map(({ file, names, at }) => {
        const getters = names.map((name, index) => `get ${name}() { return ${local(at, index)}; }`);
        return `"${file}": { ${getters.join(", ")} }`;
      })
      .join(", ")} })`,
  };
}

/** Stands for a module of the second file in the first: each property reads it. */
function standIn(file, exports) {
  const names = exports.get(join(root, `${file}.ts`));
  return `{${names.map((name) => `get ${name}(){return ${OWN.part}("${file}").${name}}`).join(",")}}`;
}

/** The chunks, by the modules that are imported when they are used; the names of their files. */
async function writeChunks(places) {
  const { outputFiles, metafile } = await bundle({
    ...common(),
    entryPoints: Object.fromEntries([...places.chunks].map(([path, file]) => [file, path])),
    outdir: join(fresh, "chunks"),
    plugins: [lazyBuiltins(), plainSchemas(), elsewhere(places, "chunk")],
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    splitting: true,
    format: "esm",
    write: false,
  });
  mkdirSync(join(fresh, "chunks"), { recursive: true });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, { ...output(), format: "cjs", ...ownUrl(text) });
    const text2 = linked(code, {
      start: (file) => `require("../gateway.cjs").shared()["${file}"]`,
      later: (file) => `require("../gateway.cjs").part("${file}")`,
    });
    writeFileSync(path, inAscii(text2));
  }
  return new Map(
    Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint ? [[places.chunks.get(join(root, entryPoint)), basename(path)]] : [],
    ),
  );
}

/** Takes what is in another file from there, and keeps what is imported when it is used for the chunks. */
function elsewhere({ start, later, chunks }, here) {
  return {
    name: "elsewhere",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /./ }, async ({ path, kind, resolveDir, pluginData, namespace }) => {
        if (pluginData === "asked" || isBuiltin(path) || namespace === "lazy-builtin") return undefined;
        const isLazy = kind === "dynamic-import";
        if (kind !== "import-statement" && !isLazy) return undefined;
        if (!isLazy && !/^\.|^@moltbot\/|^@sinclair\/typebox$/.test(path)) return undefined;
        const found = await resolve(path, { kind, resolveDir, pluginData: "asked" });
        if (found.errors.length > 0 || found.external) return found.external ? { path, external: true } : undefined;
        const part = (place, name) => ({ path: `part:${place}/${name}`, external: true });
        const file = fileOf(found.path);
        if (start.has(found.path) && (here !== "start" || isLazy)) return part("start", file);
        if (later.has(found.path) && (here !== "later" || isLazy)) return part("later", file);
        if (!isLazy || here === "chunk") return undefined;
        if (!chunks) return part("chunk", file);
        if (!chunks.has(found.path)) chunks.set(found.path, nameOfChunk(file, chunks));
        return part("chunk", chunks.get(found.path));
      });
    },
  };
}

function nameOfChunk(file, chunks) {
  const name = basename(file).replace(/\.m?js$/, "");
  return [...chunks.values()].includes(name)
    ? nameOfChunk(`${dirname(file).replaceAll(/[\\/]/g, "-")}-${name}`, chunks)
    : name;
}

/** Our own sources in a bundle: those that files of the gateway share. Libraries are bundled wherever they are used. */
function sourcesOf({ metafile }) {
  const inputs = Object.keys(metafile.inputs).filter((path) => /^packages\/.*\.ts$/.test(path));
  return new Set(inputs.map((path) => join(root, path)));
}

function textOf({ outputFiles: [{ text }] }) {
  return text;
}

function linked(text, places) {
  return text.replace(WRAPPED, "$1").replace(PART, (_, place, file) => places[place](file));
}

/** The path of a source from the root of the repository, without its ending. */
function fileOf(path) {
  return relative(root, path).replaceAll("\\", "/").replace(/\.ts$/, "");
}

async function exportsOf(path) {
  const { metafile } = await build({ entryPoints: [path], format: "esm", write: false, metafile: true });
  return Object.values(metafile.outputs)[0].exports;
}

/** The modules that `later.mjs` names. Throws when one of its patterns finds nothing. */
function laterFiles() {
  const source = join(gateway, "src");
  const found = LATER.flatMap((pattern) => {
    const paths = globSync(`${pattern}.ts`, { cwd: source }).filter((path) => !/(\.test|-process)\.ts$/.test(path));
    if (paths.length === 0) throw explain(`scripts/build/later.mjs names ${pattern}, which is not there.`, 1);
    return paths;
  });
  return new Set(found.map((path) => join(source, path)));
}

/** What hello-ok lists is known when this is built: the names are in the start, and the definitions need not. */
function offerAtBuild() {
  return {
    name: "offer-at-build",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]start[\\/]offer\.ts$/ }, ({ path }) => {
        const print = `import(${JSON.stringify(pathToFileURL(path))}).then(({ OFFER }) => console.log(JSON.stringify(OFFER)))`;
        const offer = execFileSync(process.execPath, ["--conditions=moltbot-source", "-e", print], {
          encoding: "utf8",
        });
        return { contents: `export const OFFER = ${offer};`, loader: "js" };
      });
    },
  };
}

/**
 * The services of the slices are loaded by every start, so they are part of its one file: each as a chunk of its own costs
 * 10 ms and 1 MB. Ends the build when it finds none.
 */
function servicesAtStart() {
  let found = 0;
  return {
    name: "services-at-start",
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /[\\/]slices[\\/].+[\\/]slice\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const [load, service] = /load: \(\) => import\((".+?")\)/.exec(text) ?? [];
        if (load === undefined) return undefined;
        found++;
        const contents = `import * as service from ${service};\n${text.replace(load, "load: async () => service")}`;
        return { contents, loader: "ts" };
      });
      onEnd(() =>
        found > 0 ? undefined : { errors: [{ text: "no slice.ts of a slice was found; look at its path" }] },
      );
    },
  };
}

/**
 * Definitions are made by our own builder of schemas instead of TypeBox's, which takes 90 KB and a tenth of loading the gateway (20 of 220 ms of CPU). The schemas
 * are equal (`plain-type.test.ts`). TypeBox's checker, which is loaded later, reads them as its own.
 */
function plainSchemas() {
  const path = join(gateway, "src/kit/schema/plain-type.ts");
  return {
    name: "plain-schemas",
    setup({ onResolve }) {
      onResolve({ filter: /^@sinclair\/typebox$/ }, () => ({ path }));
    },
  };
}

/** A library that asks where its file is (Discord's does) gets the file that it is bundled in. */
function ownUrl(text) {
  if (!text.includes("import.meta.url")) return {};
  return {
    define: { ...output().define, "import.meta.url": "__ownUrl" },
    banner: 'const __ownUrl = require("node:url").pathToFileURL(__filename).href;',
  };
}
