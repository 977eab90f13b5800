import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { writeOciArchive } from "./oci-archive.ts";
import type { TarEntry } from "./tar.ts";

/** The container that holds a pod's namespaces. */
export const PAUSE_IMAGE = "localhost/niphas-cluster/pause:1";
export const DNS_IMAGE = "localhost/niphas-cluster/coredns:1";

const EXECUTABLE = 0o755;

/** An image whose only file is a static program. Made once; returns the archive. */
async function programImage(
  directory: string,
  name: string,
  reference: string,
  program: string,
  command: string[],
): Promise<string> {
  const file = join(directory, `${name}.tar`);
  if (existsSync(file)) return file;
  const layer: TarEntry[] = [{ type: "file", path: name, mode: EXECUTABLE, source: program }];
  await writeOciArchive({ file: `${file}.part`, reference, layers: [layer], config: { entrypoint: command } });
  renameSync(`${file}.part`, file);
  return file;
}

/** Debian's catatonit is static; asked to pause, it waits and reaps. */
export function pauseImage(directory: string, nodeRoot: string): Promise<string> {
  return programImage(directory, "pause", PAUSE_IMAGE, join(nodeRoot, "usr/bin/catatonit"), ["/pause", "-P"]);
}

export function dnsImage(directory: string, corednsBinary: string): Promise<string> {
  return programImage(directory, "coredns", DNS_IMAGE, corednsBinary, ["/coredns"]);
}
