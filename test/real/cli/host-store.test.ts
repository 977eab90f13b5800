import { mkdirSync } from "node:fs";
import { file, runCommand } from "@niphas/testing";
import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";
import { cliArgv } from "./cli.ts";

/** Shows a store as this machine's own to one process tree, with a Nix daemon in front of it. */
const WITH_DAEMON = `
mount --bind "$1" /nix
nix-daemon 2>/dev/null & daemon=$!
for i in $(seq 1200); do [ -S /nix/var/nix/daemon-socket/socket ] && break; sleep 0.05; done
shift`;

const PLAIN = `${WITH_DAEMON}
"$@"; code=$?
kill $daemon
exit $code`;

/** Waits for the program's first line, collects garbage and lets the program go on. */
const COLLECTING = `${WITH_DAEMON}
coproc run { "$@"; }
niphas=$run_PID
exec 3<&\${run[0]} 4>&\${run[1]}
read -r line <&3
nix-store --gc >/dev/null 2>&1
echo go >&4
cat <&3
wait $niphas; code=$?
kill $daemon
exit $code`;

describeForBothUsers("this machine's own store behind a daemon, run", (fixture, user) => {
  const run = async (around: string, script: string) => {
    const { root } = fixture().programs;
    const stateDir = fixture().directory.join("state");
    const args = ["run", "--state-dir", stateDir, root, "--entrypoint", "bin/sh", "--", "-c", script];
    const argv = cliArgv(args, { as: user, mountPoint: fixture().directory.join("repository") });
    const scratch = fixture().directory.join("daemon");
    mkdirSync(scratch, { recursive: true });
    const isolated = ["unshare", "--mount", "--propagation", "private", "--", "bash", "--norc", "-c", around, "bash"];
    const storeDir = `${fixture().store.location.rootDir}/nix`;
    const env = { PATH: process.env["PATH"], HOME: scratch, NIX_CONF_DIR: scratch, NIX_USER_CONF_FILES: "" };
    return await runCommand([...isolated, storeDir, ...argv], { env, cwd: "/", allowFailure: true });
  };

  it("is used when --store is not given, and the program sees its closure only", async () => {
    const result = await run(PLAIN, "shopt -s dotglob; cd /nix/store; for f in *; do echo $f; done; exit 9");
    expect(result).toMatchObject({ exitCode: 9, stderr: "" });
    expect(result.stdout.trim().split("\n")).toEqual(fixture().programs.storeEntries);
  });

  it("keeps the closure from a collector while the program runs, and no longer", async () => {
    const { store, programs } = fixture();
    const unused = await store.addTree(file("unused"), "unused");
    const script = `echo ready; read line; cat ${programs.root}/bin/data`;
    expect(await run(COLLECTING, script)).toMatchObject({ exitCode: 0, stdout: "not a program\n" });
    expect([await store.isValid(programs.root), await store.isValid(unused)]).toEqual([true, false]);
    await store.collectGarbage();
    expect(await store.isValid(programs.root)).toBe(false);
  });
});
