import { join } from "node:path";
import { type TarEntry, writeOciArchive } from "../../cluster/index.ts";

const REFERENCE = "docker.io/library/busybox:1.37";
const COMMANDS = ["sh", "httpd", "ls", "cat", "sleep"];

/**
 * Stands for the public image that an example names: no registry can be reached from the cluster. The same program,
 * a root file system of its own, and no Nix.
 *
 * @param busyboxDir holds `bin/busybox`, statically linked
 * @returns the OCI archive
 */
export async function writePublicImage(directory: string, busyboxDir: string): Promise<string> {
  const file = join(directory, "busybox.tar");
  const source = join(busyboxDir, "bin/busybox");
  const entries: readonly TarEntry[] = [
    { type: "directory", path: "bin" },
    { type: "file", path: "bin/busybox", source, mode: 0o755 },
    ...COMMANDS.map((name): TarEntry => ({ type: "symlink", path: `bin/${name}`, target: "busybox" })),
    { type: "directory", path: "tmp", mode: 0o1777 },
    { type: "directory", path: "nix" },
  ];
  const config = { command: ["sh"], environment: ["PATH=/bin"] };
  await writeOciArchive({ file, reference: REFERENCE, layers: [entries], config });
  return file;
}
