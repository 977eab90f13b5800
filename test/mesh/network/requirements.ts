import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { nginxCommand } from "./upstream/nginx-files.ts";

/** Debian's package of each program. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nix: "nix-bin",
  nsenter: "util-linux",
  setpriv: "util-linux",
  tc: "iproute2",
  unshare: "util-linux",
};

/** What a mesh network needs of this machine and does not find, each with the way to get it; empty when nothing is missing. */
export function missingForMeshNetwork(): readonly string[] {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const missing = Object.entries(PROGRAMS).filter(
    ([name]) => !directories.some((directory) => existsSync(join(directory, name))),
  );
  return [
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...missing.map(([name, debianPackage]) => `${name} on PATH: apt-get install ${debianPackage}`),
    ...(nginxCommand() === undefined ? ["the example's nginx: scripts/fetch-example.sh"] : []),
  ];
}
