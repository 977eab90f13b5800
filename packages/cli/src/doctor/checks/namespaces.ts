import { readFileSync } from "node:fs";
import { unshareArguments } from "../../session/namespace-command.ts";
import { runTool } from "../../tools/run-tool.ts";
import { type Check, fail, ok } from "../check.ts";

const ID = "namespaces";
/** Seen by nobody else: the mount namespace is private and ends with the process. */
const PROBE = ["mount", "-t", "tmpfs", "niphas-doctor", "/tmp"];

/**
 * Makes the namespaces of `niphas run` for a moment, and mounts something
 * there: some systems allow the namespace and then refuse every mount in it.
 */
export async function checkNamespaces(isRoot: boolean, signal: AbortSignal): Promise<Check> {
  const result = await runTool("unshare", unshareArguments(isRoot, PROBE), { signal });
  if (result.outcome === "exited" && result.exitCode === 0) {
    return ok(ID, isRoot ? "root can make mount namespaces" : "ordinary users can make user and mount namespaces");
  }
  if (result.outcome === "missing")
    return fail(ID, "there is no unshare to make namespaces with", "install util-linux");
  if (isRoot) return fail(ID, "root cannot make a mount namespace and mount in it", "give the container CAP_SYS_ADMIN");
  return fail(ID, "ordinary users cannot make user namespaces and mount in them", userNamespaceAdvice(readSetting));
}

/** Finds the setting that is in the way, by the files of /proc/sys. */
export function userNamespaceAdvice(read: (name: string) => string | undefined): string {
  if (read("user/max_user_namespaces") === "0") return "as root: sysctl user.max_user_namespaces=15000";
  if (read("kernel/unprivileged_userns_clone") === "0") return "as root: sysctl kernel.unprivileged_userns_clone=1";
  if (read("kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return "as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or write an AppArmor profile that allows it";
  }
  return "run as root, or allow user namespaces (in a container: a seccomp profile that lets unshare through)";
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, "utf8").trim();
  } catch {
    // This kernel does not have that setting, so it is not in the way.
    return undefined;
  }
}
