import { runCommand } from "@niphas/testing";
import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";
import { cliArgv } from "./cli.ts";

describeForBothUsers("a program that runs", (fixture, user) => {
  it("is an environment with nothing of the host but terminal and language", async () => {
    const host = { TERM: "xterm", LANG: "C.UTF-8", SECRET: "s3cret", PASSED: "yes" };
    const lines = await fixture().script("cat /proc/self/environ", ["--env", "PASSED", "--env", "A=b=c"], {
      env: host,
    });
    const environment = lines
      .join("\n")
      .split("\0")
      .filter((line) => line !== "");
    const own = environment.filter((line) => !/^(SHLVL|_|PWD|OLDPWD)=/.test(line)).sort();
    expect(own).toEqual(
      ["A=b=c", "HOME=/tmp", "LANG=C.UTF-8", "PASSED=yes", "PATH=/nix/store/.roots/tools-1.0/bin", "TERM=xterm"].sort(),
    );
  });

  it("holds no file descriptor but the standard three, whatever niphas was given", async () => {
    const { root } = fixture().programs;
    const script = 'cd /proc/$$/fd; for f in *; do [ -L "$f" ] && echo "$f"; done; true';
    const run = fixture().runArguments([root, "--entrypoint", "bin/sh", "--", "-c", script]);
    const argv = cliArgv(run, { as: user, mountPoint: fixture().directory.join("repository") });
    const leak = ["bash", "--norc", "-c", 'exec 3</etc/passwd 5</etc/passwd 77</etc/passwd; exec "$@"', "bash"];
    const result = await runCommand([...leak, ...argv], { env: { PATH: process.env["PATH"] }, cwd: "/" });
    expect(result).toEqual({ exitCode: 0, stdout: "0\n1\n2\n", stderr: "" });
  });

  it("holds no privilege beyond a container's", async () => {
    const status = await fixture().script("cat /proc/self/status");
    const fields = new Map(status.map((line) => [line.split(":\t")[0], line.split(":\t")[1]?.trim()]));
    const expected = user === "root" ? "00000000a00425fb" : "0000000000000000";
    for (const name of ["CapPrm", "CapEff", "CapBnd"]) expect([name, fields.get(name)]).toEqual([name, expected]);
    for (const name of ["CapInh", "CapAmb"]) expect(fields.get(name)).toBe("0000000000000000");
    expect(fields.get("NoNewPrivs")).toBe("1");
    expect(fields.get("SigIgn")).toBe("0000000000000000");
    expect(fields.get("SigBlk")).toBe("0000000000000000");
    expect(fields.get("Uid")).toMatch(user === "root" ? /^0\t0/ : /^65534\t65534/);
  });
});
