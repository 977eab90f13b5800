import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { changeRoot, isolateMounts, makeReadOnly, mountTmpfs } from "@niphas/views";
import { makeDevices, sealDevices } from "./devices.ts";
import type { EnterSpec, EtcFile } from "./enter-spec.ts";
import { mountHostBinds } from "./host-binds.ts";
import { makeProcessFiles } from "./process-files.ts";
import { mountView } from "./view-mount.ts";

/**
 * Builds the program's root in memory and makes it this process's root: a
 * skeleton, the view at /nix/store and the binds, read-only but for /tmp,
 * /run, /var and writable binds. Needs a mount namespace of its own.
 * @throws NiphasError MountFailed, InvalidRequest
 */
export function enterRootFileSystem(spec: EnterSpec): void {
  const rootDir = spec.newRootDir;
  isolateMounts();
  mountTmpfs(rootDir, 0o755);
  makeScratchDirs(rootDir);
  makeEtc(`${rootDir}/etc`, spec.etcFiles);
  makeProcessFiles(`${rootDir}/proc`, spec.isRoot);
  makeDevices(`${rootDir}/dev`, spec.isRoot, spec.terminalPath);
  mkdirSync(`${rootDir}/nix/store`, { recursive: true });
  mountView(spec.view, `${rootDir}/nix/store`);
  mountHostBinds(rootDir, spec.binds);
  sealDevices(`${rootDir}/dev`);
  changeRoot(rootDir);
  makeReadOnly("/", false);
}

function makeScratchDirs(rootDir: string): void {
  for (const [name, mode] of [
    ["tmp", 0o1777],
    ["run", 0o755],
    ["var", 0o755],
  ] as const) {
    mkdirSync(`${rootDir}/${name}`);
    mountTmpfs(`${rootDir}/${name}`, mode);
  }
  mkdirSync(`${rootDir}/var/tmp`);
  // mkdir takes the umask away; other users of the program need the sticky directory open.
  chmodSync(`${rootDir}/var/tmp`, 0o1777);
  symlinkSync("../run", `${rootDir}/var/run`);
}

function makeEtc(etcDir: string, files: readonly EtcFile[]): void {
  mkdirSync(etcDir);
  for (const file of files) writeFileSync(`${etcDir}/${file.name}`, file.content, { mode: 0o644 });
}
