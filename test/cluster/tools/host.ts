import { existsSync, readFileSync, statfsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { CGROUP_MOUNT, type CgroupHierarchies, readHierarchies } from "../cgroups/hierarchies.ts";
import { STATE_ROOT } from "../state/layout.ts";

/** What runs on the host, with Debian's package for it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  bash: "bash",
  ip: "iproute2",
  losetup: "mount",
  "mkfs.ext4": "e2fsprogs",
  mount: "mount",
  nsenter: "util-linux",
  openssl: "openssl",
  unshare: "util-linux",
};
/** Without them the kubelet does not start. */
const CONTROLLERS = ["cpu", "cpuset", "memory", "pids"];
const MIN_FREE_BYTES = 2 * 2 ** 30;

/** What a cluster needs of this host and does not find, each with the way to get it; empty when nothing is missing. */
export function missingOnHost(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const loop = existsSync("/dev/loop-control") ? [] : ["loop devices (/dev/loop-control): modprobe loop"];
  return [...missingPrograms(environment["PATH"] ?? ""), ...missingCgroups(), ...loop, ...missingSpace()];
}

export function missingPrograms(path: string): readonly string[] {
  const directories = path.split(delimiter);
  const isThere = (name: string): boolean => directories.some((directory) => existsSync(join(directory, name)));
  const missing = Object.entries(PROGRAMS).filter(([name]) => !isThere(name));
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
  const names = missing.map(([name]) => name).join(", ");
  return [`${names} on PATH: apt-get install -y --no-install-recommends ${packages}`];
}

export function missingCgroups(
  hierarchies: CgroupHierarchies = readHierarchies(),
  controllers: ReadonlySet<string> = boundControllers(hierarchies),
): readonly string[] {
  if (hierarchies.mountPoints.length === 0) return [`cgroups, version 1 or 2, mounted at ${CGROUP_MOUNT}`];
  const missing = CONTROLLERS.filter((name) => !controllers.has(name));
  if (missing.length === 0) return [];
  const remedy = "run it on the host itself, and see the kernel's cgroup_disable and cgroup_enable";
  return [`the cgroup controllers ${missing.join(", ")}, version ${hierarchies.version}: ${remedy}`];
}

/** Those that cgroups of ours can have. */
function boundControllers({ version, mountPoints }: CgroupHierarchies): ReadonlySet<string> {
  if (version === 2) return new Set(readFileSync(join(CGROUP_MOUNT, "cgroup.controllers"), "utf8").trim().split(" "));
  const lines = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const ours = lines.filter(([, path = "", type]) => type === "cgroup" && mountPoints.includes(path));
  return new Set(ours.flatMap(([, , , options = ""]) => options.split(",")));
}

function missingSpace(): readonly string[] {
  const directory = existsSync(STATE_ROOT) ? STATE_ROOT : dirname(STATE_ROOT);
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < MIN_FREE_BYTES ? [`2 GiB of free disk space at ${directory}`] : [];
}
