/** A package registry on loopback, as far as npm asks one for a package: its document, and its archives. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { tarEnd, tarHeader, tarPadding } from "../../packages/gateway/src/base/backup/tar.ts";

/** A version that is there. */
export interface PublishedVersion {
  readonly files: Readonly<Record<string, string>>;
  /** The archive that is sent is another one than the registry's checksum says. */
  readonly isForged?: boolean;
}

export interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, by path. */
  readonly asked: readonly string[];
  /** Whether it answers everything with 503. */
  isDown: boolean;
}

/** Serves versions of one package; the last one is the newest. */
export async function fakeRegistry(
  name: string,
  versions: Readonly<Record<string, PublishedVersion>>,
): Promise<FakeRegistry> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://registry").pathname;
    asked.push(path);
    if (registry.isDown) return response.writeHead(503, JSON_TYPE).end("{}");
    const [, version] = /^\/archives\/(.+)\.tgz$/.exec(path) ?? [];
    const published = version === undefined ? undefined : versions[version];
    if (published) return response.end(archiveOf(published.files, published.isForged));
    if (path !== `/${name}`) return response.writeHead(404, JSON_TYPE).end(JSON.stringify({ error: "Not found" }));
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(documentOf(name, versions, urlOf(server))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const registry: FakeRegistry = {
    url: urlOf(server),
    asked,
    isDown: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return registry;
}

const JSON_TYPE = { "content-type": "application/json" };

function urlOf(server: ReturnType<typeof createServer>): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function documentOf(name: string, versions: Readonly<Record<string, PublishedVersion>>, url: string) {
  const entries = Object.entries(versions).map(([version, { files }]) => {
    const integrity = `sha512-${createHash("sha512").update(archiveOf(files)).digest("base64")}`;
    return [version, { name, version, dist: { tarball: `${url}archives/${version}.tgz`, integrity } }];
  });
  return { name, "dist-tags": { latest: Object.keys(versions).at(-1) }, versions: Object.fromEntries(entries) };
}

function archiveOf(files: Readonly<Record<string, string>>, isForged = false): Buffer {
  const parts = Object.entries({ ...files, ...(isForged && { "more.txt": "not what was published" }) }).flatMap(
    ([path, text]) => {
      const bytes = Buffer.from(text);
      return [tarHeader({ name: `package/${path}`, size: bytes.length }), bytes, tarPadding(bytes.length)];
    },
  );
  return gzipSync(Buffer.concat([...parts, tarEnd()]));
}
