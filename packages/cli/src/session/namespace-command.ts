/** Arguments of util-linux's unshare that run `command` in a mount namespace of its own. */
export function unshareArguments(isRoot: boolean, command: readonly string[]): readonly string[] {
  const privateMounts = ["--mount", "--propagation", "private"];
  // An ordinary user needs capabilities to mount, and has them only in a user namespace.
  const flags = isRoot ? privateMounts : ["--user", "--map-current-user", "--keep-caps", ...privateMounts];
  return [...flags, "--", ...command];
}
