/**
 * What the demo starts in fresh mount and PID namespaces, in the place of a container runtime: makes an almost empty root
 * with the published volume at /nix/store, becomes an ordinary user without privileges, then becomes the program.
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bindMount, changeRoot, dropPrivileges, isolateMounts, mountProc, mountTmpfs } from "@niphas/views";

/** One JSON argument of this program. */
export interface ContainerSpec {
  /** An empty directory. */
  readonly rootDir: string;
  /** The volume, as the plugin mounted it. */
  readonly volumeDir: string;
  /** Program and arguments, inside. */
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

const NOBODY = 65534;
const FILES = {
  passwd: `root:x:0:0:root:/:/none\nnobody:x:${NOBODY}:${NOBODY}:nobody:/:/none\n`,
  group: `root:x:0:\nnogroup:x:${NOBODY}:\n`,
};

function makeRoot({ rootDir, volumeDir }: ContainerSpec): void {
  mountTmpfs(rootDir, 0o755);
  for (const name of ["nix/store", "proc", "dev", "etc", "tmp"]) {
    mkdirSync(join(rootDir, name), { recursive: true });
  }
  for (const [name, text] of Object.entries(FILES)) {
    writeFileSync(join(rootDir, "etc", name), text);
  }
  // As the runtime does: a plain bind. Read-only, nosuid and nodev have to come with the volume.
  bindMount(volumeDir, join(rootDir, "nix/store"), { isReadOnly: false });
  mountTmpfs(join(rootDir, "tmp"), 0o1777);
  mountProc(join(rootDir, "proc"));
  writeFileSync(join(rootDir, "dev/null"), "");
  bindMount("/dev/null", join(rootDir, "dev/null"), { isReadOnly: false });
  symlinkSync("/proc/self/fd/1", join(rootDir, "dev/stdout"));
}

/** What it takes to become another user; who is no longer root has them no longer. include/uapi/linux/capability.h */
const [CAP_SETGID, CAP_SETUID] = [6, 7];

function becomeNobody(): void {
  dropPrivileges([CAP_SETGID, CAP_SETUID]);
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

const spec: ContainerSpec = JSON.parse(process.argv[2] ?? "");
isolateMounts();
makeRoot(spec);
changeRoot(spec.rootDir);
becomeNobody();
process.execve?.(spec.argv[0], spec.argv, spec.env);
