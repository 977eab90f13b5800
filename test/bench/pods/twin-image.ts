import { storePathBaseName } from "@niphas/core";
import { directoryEntries, type TarEntry, writeOciArchive } from "../../cluster/index.ts";
import type { Closure, ClosureSource } from "../../e2e/closures/closure-source.ts";

export const TWIN_REFERENCE = "localhost/niphas-bench/twin:1";

const USER = "65532:65532";

/**
 * The image that a pod would have without Niphas: the same files at the same places, in one layer, which is the best
 * case for a container runtime, and the stub's user.
 */
export async function writeTwinImage(file: string, closures: ClosureSource, closure: Closure): Promise<void> {
  const entries: readonly TarEntry[] = [
    { type: "directory", path: "etc" },
    { type: "file", path: "etc/passwd", content: "root:x:0:0:root:/:/bin/false\n", mode: 0o644 },
    { type: "file", path: "etc/group", content: "root:x:0:\n", mode: 0o644 },
    { type: "directory", path: "tmp", mode: 0o1777 },
    { type: "directory", path: "nix" },
    { type: "directory", path: "nix/store" },
    ...closure.paths.flatMap((path) => [
      ...directoryEntries(closures.physicalPath(path), `nix/store/${storePathBaseName(path)}`),
    ]),
  ];
  await writeOciArchive({ file, reference: TWIN_REFERENCE, layers: [entries], config: { user: USER } });
}
