// Keeps what V8 has compiled of our files. Node's own compile cache holds what is compiled while a file is loaded; most
// functions are compiled when they first run, and so at each start anew. That is a fifth of the instructions from spawn to
// hello-ok (578 million, 478 without) and a sixth of those of `moltbot health`. Here a file is kept after its functions ran.

const {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = process.getBuiltinModule("node:fs");
const Module = process.getBuiltinModule("node:module");
const { basename, dirname, join, sep } = process.getBuiltinModule("node:path");
const { Script } = process.getBuiltinModule("node:vm");
const { crc32 } = process.getBuiltinModule("node:zlib");

/** From the load of a file until what ran of it is kept, ms: a start is over then, and its code not yet thrown away. */
const SETTLED_MS = 2_000;
const SUM_BYTES = 8;
/** What another process is writing is not older than this, ms. */
const PART_MS = 60_000;
/** As Node wraps a CommonJS file. */
const HEAD = "(function (exports, require, module, __filename, __dirname) { ";
const TAIL = "\n})";

const PRODUCT = join(__dirname, "..");
/** In the folder of Node's own cache: whose files those are. */
const OF = "of";

/**
 * The folders for Node's cache and for ours within `cache`, which is made when it is missing. Undefined where others could put
 * code: compiled code is executed as it is read.
 */
exports.compiledFolders = (cache) => {
  try {
    if (!isOwn(cache)) return undefined;
    const folders = { node: join(cache, "compiled", nameOf(PRODUCT)), run: join(cache, "run") };
    for (const folder of [cache, dirname(folders.node), folders.node, folders.run]) makePrivate(folder);
    return folders;
  } catch {
    // Without a folder all is compiled at each start.
    return undefined;
  }
};

/** Whether the folder is this user's, or will be, and stands where nobody else could exchange it. Under sudo, HOME may be another's. */
function isOwn(folder) {
  if (process.getuid === undefined) return true;
  const uid = process.getuid();
  const found = lstatIfAny(folder);
  if (found && !(found.isDirectory() && found.uid === uid)) return false;
  const above = statSync(dirname(folder), { throwIfNoEntry: false });
  if (!above) return isOwn(dirname(folder));
  const isSticky = (above.mode & 0o1000) !== 0;
  return (above.uid === uid || above.uid === 0) && (isSticky || (above.mode & 0o002) === 0);
}

/** Makes a folder of `isOwn`'s. One in which others could write is emptied first; its content may be theirs. */
function makePrivate(folder) {
  const found = lstatIfAny(folder);
  if (found && (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())))
    throw new Error(`${folder} is not ours`);
  if (!found) return mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid === undefined || !isOpen(found)) return;
  chmodSync(folder, 0o700);
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

function lstatIfAny(path) {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether others may write. */
function isOpen({ mode }) {
  return (mode & 0o022) !== 0;
}

/** Compiled files of the build come from a folder of `compiledFolders`; what is not there yet is put there. */
exports.keepCompiled = ({ node, run: cache }) => {
  const folder = join(__dirname, "..", "dist");
  const compileAsEver = Module.prototype._compile;
  const fresh = [];
  let timer;
  const keep = () => {
    clearTimeout(timer);
    timer = undefined;
    if (fresh.length > 0) keepAll(fresh.splice(0), { node, cache });
  };
  process.on("exit", keep);
  Module.prototype._compile = function (source, file, ...rest) {
    if (!file.startsWith(folder + sep) || !file.endsWith(".cjs"))
      return compileAsEver.call(this, source, file, ...rest);
    const mark = markOf(file);
    const place = join(cache, `${basename(file)}-${shortHash(file)}`);
    const cachedData = readKept(place, mark);
    const script = new Script(HEAD + source + TAIL, { filename: file, columnOffset: -HEAD.length, cachedData });
    if (cachedData === undefined || script.cachedDataRejected) {
      fresh.push({ script, mark, place });
      timer ??= setTimeout(keep, SETTLED_MS).unref();
    }
    const require = (id) => this.require(id);
    return script.runInThisContext().call(this.exports, this.exports, require, this, file, dirname(file));
  };
};

/** Names what was compiled, and by what. V8 itself compares its own version, its flags and the lengths of the sources, nothing else. */
function markOf(file) {
  const { size, ctimeMs, ino } = statSync(file);
  const flags = `${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS ?? ""}`;
  const text = `${file}\n${size} ${ctimeMs} ${ino} ${process.version} ${process.arch} ${flags}\n`;
  // V8 copies what does not begin at a multiple of eight.
  return Buffer.from(text + " ".repeat(7 - ((Buffer.byteLength(text) + 7) % 8)));
}

/** FNV-1a, because cryptography would have to be loaded. The mark holds the whole path. */
function shortHash(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16);
}

function readKept(place, mark) {
  try {
    const bytes = readFileSync(place);
    const code = bytes.subarray(mark.length + SUM_BYTES);
    const isOf = bytes.subarray(0, mark.length).equals(mark);
    // V8 executes what it is given, damaged or not.
    return isOf && bytes.subarray(mark.length, -code.length).equals(sumOf(code)) ? underFlagsOfNow(code) : undefined;
  } catch {
    // It has not been kept yet.
    return undefined;
  }
}

/** A checksum of kept code, as text of eight digits. */
function sumOf(code) {
  return Buffer.from(crc32(code).toString(16).padStart(SUM_BYTES, "0"));
}

/**
 * V8 refuses code that was kept while other flags were set, and a gateway sets some for its memory as it runs, which change no
 * code. The hash of the flags is the fourth word of kept code (V8: code-serializer.h). Were it elsewhere, V8 would refuse.
 */
function underFlagsOfNow(code) {
  code.set(new Script("").createCachedData().subarray(12, 16), 12);
  return code;
}

/** Without room or leave to write, the next start compiles again. */
function keepAll(scripts, { node, cache }) {
  try {
    for (const { script, mark, place } of scripts) {
      const beside = `${place}.${process.pid}`;
      try {
        const code = script.createCachedData();
        writeFileSync(beside, Buffer.concat([mark, sumOf(code), code]), { mode: 0o600 });
        renameSync(beside, place);
      } finally {
        rmSync(beside, { force: true });
      }
    }
    dropForgotten(cache);
    writeFileSync(join(node, OF), PRODUCT, { mode: 0o600 });
    dropOthers(node);
  } catch {
    // Compiling again is all that it costs.
  }
}

/** Drops what was kept of files that are gone, such as those of an older version, and what was not written to its end. */
function dropForgotten(cache) {
  for (const name of readdirSync(cache)) {
    const place = join(cache, name);
    const bytes = readFileSync(place);
    const isPart = /\.\d+$/.test(name) && Date.now() - statSync(place).mtimeMs > PART_MS;
    if (isPart || !existsSync(bytes.toString("utf8", 0, bytes.indexOf("\n")))) rmSync(place, { force: true });
  }
}

/** Drops what Node's cache keeps of versions of the product that are gone, and of other versions of Node. */
function dropOthers(node) {
  const all = dirname(node);
  for (const name of readdirSync(all))
    if (!isNameOfProduct(name, readIfAny(join(all, name, OF))))
      rmSync(join(all, name), { recursive: true, force: true });
  for (const name of readdirSync(node))
    if (name !== OF && !name.startsWith(`${process.version}-`))
      rmSync(join(node, name), { recursive: true, force: true });
}

function isNameOfProduct(name, product) {
  try {
    return product !== undefined && nameOf(product) === name;
  } catch {
    // It is not there any more.
    return false;
  }
}

/** A folder's name for what is compiled of the product that stands there. */
function nameOf(product) {
  const { version } = JSON.parse(readFileSync(join(product, "package.json"), "utf8"));
  return `${version}-${shortHash(product)}`;
}

function readIfAny(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
