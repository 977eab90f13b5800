import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isSharedMount } from "@niphas/views";
import { type Check, fail, ok } from "../check.ts";

const ID = "kubelet-dir";

/** Whether mounts below the kubelet's directory reach the pods: its mount must be shared. */
export function checkKubeletDir(dir: string, isExplicit: boolean): Check {
  if (!existsSync(dir)) {
    if (!isExplicit) return ok(ID, `there is no ${dir}, so this is no Kubernetes node`);
    return fail(ID, `${dir} is not there`, "give the kubelet's --root-dir, which is /var/lib/kubelet by default");
  }
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  if (isSharedMount(mountinfo, realpathSync(dir))) return ok(ID, `${dir} is on a shared mount`);
  return fail(
    ID,
    `${dir} is not on a shared mount, so pods would not see their volumes`,
    `mount --bind ${dir} ${dir} && mount --make-rshared ${dir}; in a container, mountPropagation: Bidirectional`,
  );
}
