import { existsSync, readFileSync, realpathSync } from "node:fs";
import { type Check, fail, ok } from "../check.ts";

const ID = "kubelet-dir";

/** Whether mounts below the kubelet's directory reach the pods: its mount must be shared. */
export function checkKubeletDir(dir: string, isExplicit: boolean): Check {
  if (!existsSync(dir)) {
    if (!isExplicit) return ok(ID, `there is no ${dir}, so this is no Kubernetes node`);
    return fail(ID, `${dir} is not there`, "give the kubelet's --root-dir, which is /var/lib/kubelet by default");
  }
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  if (isShared(mountinfo, realpathSync(dir))) return ok(ID, `${dir} is on a shared mount`);
  return fail(
    ID,
    `${dir} is not on a shared mount, so pods would not see their volumes`,
    `mount --bind ${dir} ${dir} && mount --make-rshared ${dir}; in a container, mountPropagation: Bidirectional`,
  );
}

/** Reads the optional fields of the mount that holds `dir`. See proc_pid_mountinfo(5). */
export function isShared(mountinfo: string, dir: string): boolean {
  let best = "";
  let isBestShared = false;
  for (const line of mountinfo.split("\n")) {
    const [fields = ""] = line.split(" - ");
    const [, , , , mountPoint = "", , ...optional] = fields.split(" ");
    const holds = mountPoint === "/" || dir === mountPoint || dir.startsWith(`${mountPoint}/`);
    // Of mounts stacked on one directory the last one is seen.
    if (mountPoint === "" || !holds || mountPoint.length < best.length) continue;
    best = mountPoint;
    isBestShared = optional.some((field) => field.startsWith("shared:"));
  }
  return isBestShared;
}
