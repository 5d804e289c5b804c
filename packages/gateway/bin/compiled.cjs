// Keeps what V8 has compiled of our files. Node's own compile cache holds what is compiled while a file is loaded; most
// functions are compiled when they first run, and so at each start anew. That is a fifth of the instructions from spawn to
// hello-ok (578 million, 478 without) and a sixth of those of `moltbot health`. Here a file is kept after its functions ran.

const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } =
  process.getBuiltinModule("node:fs");
const Module = process.getBuiltinModule("node:module");
const { basename, dirname, join, sep } = process.getBuiltinModule("node:path");
const { Script } = process.getBuiltinModule("node:vm");
const { crc32 } = process.getBuiltinModule("node:zlib");

/** From the load of a file until what ran of it is kept, ms: a start is over then, and its code not yet thrown away. */
const SETTLED_MS = 2_000;
const SUM_BYTES = 8;
/** As Node wraps a CommonJS file. */
const HEAD = "(function (exports, require, module, __filename, __dirname) { ";
const TAIL = "\n})";

/** Compiled files of the build come from the folder `cache`, which is private; what is not there yet is put there. */
exports.keepCompiled = (cache) => {
  if (!isOwn(cache)) return;
  const folder = join(__dirname, "..", "dist");
  const compileAsEver = Module.prototype._compile;
  const fresh = [];
  let timer;
  const keep = () => {
    clearTimeout(timer);
    timer = undefined;
    if (fresh.length > 0) keepAll(fresh.splice(0), cache);
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

/** Whether nobody else could have put code there: under sudo, HOME may be another's. A folder that is not there yet will be ours. */
function isOwn(folder) {
  try {
    return process.getuid === undefined || statSync(folder).uid === process.getuid();
  } catch {
    return true;
  }
}

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
function keepAll(scripts, cache) {
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
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
  } catch {
    // Compiling again is all that it costs.
  }
}

/** Drops what was kept of files that are gone, such as those of an older version. */
function dropForgotten(cache) {
  for (const name of readdirSync(cache)) {
    const place = join(cache, name);
    const bytes = readFileSync(place);
    if (!existsSync(bytes.toString("utf8", 0, bytes.indexOf("\n")))) rmSync(place, { force: true });
  }
}
