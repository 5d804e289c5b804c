/** Where this installation is, built or as sources, and its web page. */
import { join } from "node:path";
import { fileExists } from "../base/files.ts";

/** The folder of the package: above `dist`, or above `src/start`. */
export function packageRoot(): string {
  const above = join(import.meta.dirname, "..");
  return fileExists(join(above, "package.json")) ? above : join(above, "..");
}

/** The built WebChat: beside the bundle, or in the source tree. */
export function findWebDir(): string | undefined {
  const root = packageRoot();
  return [join(import.meta.dirname, "web"), join(root, "web"), join(root, "../web/dist")].find((folder) =>
    fileExists(join(folder, "index.html")),
  );
}
