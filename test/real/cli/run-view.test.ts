import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mountsBelow, readMountTable } from "@niphas/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { UserKind } from "./cli.ts";
import { RunFixture } from "./run-fixture.ts";

/** Names in a directory with the hidden ones, one a line, by the shell alone. */
const LIST = 'shopt -s dotglob nullglob; list() { for f in "$1"/*; do echo "${f##*/}"; done; }';
const DEVICES = ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom"];

describe.each<UserKind>(["root", "ordinary user"])("what a program sees when %s runs it", (user) => {
  let fixture: RunFixture;
  beforeAll(async () => {
    fixture = await RunFixture.create(user);
  });
  afterAll(async () => await fixture[Symbol.asyncDispose]());
  afterEach(() => expect(fixture.leftovers()).toEqual([]));

  it("is a root of the skeleton and nothing else", async () => {
    expect(await fixture.script(`${LIST}; list ""`)).toEqual(["dev", "etc", "nix", "proc", "run", "tmp", "var"]);
    expect(await fixture.script(`${LIST}; list /nix; list /dev; list /etc; list /tmp; list /run`)).toEqual([
      "store",
      ...[...DEVICES, "zero"].sort(),
      ...["group", "hostname", "hosts", "nsswitch.conf", "passwd", "resolv.conf"],
    ]);
  });

  it("is a store of exactly the closure", async () => {
    const { root, libc, storeEntries } = fixture.programs;
    expect(await fixture.script(`${LIST}; list /nix/store`)).toEqual(storeEntries);
    expect(await fixture.script(`${LIST}; list /nix/store/.roots; list ${libc}/lib`)).toContain("tools-1.0");
    expect(await fixture.script('[ /nix/store/.roots/tools-1.0/bin/sh -ef "$0" ] && echo same', [])).toEqual(["same"]);
    expect(await fixture.script(`cat ${root}/bin/data`)).toEqual(["not a program"]);
  });

  it("cannot be written but for /tmp, /run and /var", async () => {
    const { root } = fixture.programs;
    const tryAll = 'for f in "$@"; do (: > "$f/new") 2>/dev/null && echo "$f"; done; true';
    const places = [
      "",
      "/etc",
      "/dev",
      "/nix",
      "/nix/store",
      root,
      "/proc/sys/kernel",
      "/tmp",
      "/run",
      "/var",
      "/var/tmp",
      "/dev/shm",
    ];
    const result = await fixture.run([
      fixture.programs.root,
      "--entrypoint",
      "bin/sh",
      "--",
      "-c",
      tryAll,
      "sh",
      ...places,
    ]);
    expect(result.stdout.trim().split("\n")).toEqual(["/tmp", "/run", "/var", "/var/tmp", "/dev/shm"]);
  });

  it("is its own mount table, with every mount of the store read-only", async () => {
    const lines = await fixture.script("cat /proc/self/mountinfo");
    const points = lines.map((line) => line.split(" ").slice(4, 6));
    expect(points.filter(([point]) => point === "/")).toHaveLength(1);
    for (const [point = "", options = ""] of points) {
      if (point !== "/" && !point.startsWith("/nix/store")) continue;
      expect(options.split(",")).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
    }
    expect(points.map(([point]) => point).filter((point) => /^\/(work|home|root|usr)/.test(point ?? ""))).toEqual([]);
  });

  it("is an environment with nothing of the host but terminal and language", async () => {
    const host = { TERM: "xterm", LANG: "C.UTF-8", SECRET: "s3cret", PASSED: "yes" };
    const lines = await fixture.script("cat /proc/self/environ", ["--env", "PASSED", "--env", "A=b=c"], { env: host });
    const environment = lines
      .join("\n")
      .split("\0")
      .filter((line) => line !== "");
    const own = environment.filter((line) => !/^(SHLVL|_|PWD|OLDPWD)=/.test(line)).sort();
    expect(own).toEqual(
      ["A=b=c", "HOME=/tmp", "LANG=C.UTF-8", "PASSED=yes", "PATH=/nix/store/.roots/tools-1.0/bin", "TERM=xterm"].sort(),
    );
  });

  it("holds no file descriptor of niphas", async () => {
    const script = 'for f in /proc/$$/fd/*; do [ -L "$f" ] && echo "${f##*/}"; done; true';
    expect(await fixture.script(script)).toEqual(["0", "1", "2"]);
  });

  it("holds no privilege beyond a container's", async () => {
    const status = await fixture.script("cat /proc/self/status");
    const fields = new Map(status.map((line) => [line.split(":\t")[0], line.split(":\t")[1]?.trim()]));
    const expected = user === "root" ? "00000000a00425fb" : "0000000000000000";
    for (const name of ["CapPrm", "CapEff", "CapBnd"]) expect([name, fields.get(name)]).toEqual([name, expected]);
    for (const name of ["CapInh", "CapAmb"]) expect(fields.get(name)).toBe("0000000000000000");
    expect(fields.get("NoNewPrivs")).toBe("1");
    expect(fields.get("SigIgn")).toBe("0000000000000000");
    expect(fields.get("SigBlk")).toBe("0000000000000000");
    expect(fields.get("Uid")).toMatch(user === "root" ? /^0\t0/ : /^65534\t65534/);
  });

  it("is what --bind shows, read-only unless told otherwise", async () => {
    const hostDir = fixture.directory.join("host");
    writeFileSync(join(hostDir, "file"), "from the host\n");
    const tryWrite =
      "cat /work/file; (: > /work/ro) 2>/dev/null || echo refused; echo written > /data/new; cat /etc/one";
    const binds = [`${hostDir}:/work`, `${hostDir}:/data:rw`, `${join(hostDir, "file")}:/etc/one`];
    const args = binds.flatMap((bind) => ["--bind", bind]);
    expect(await fixture.script(tryWrite, args)).toEqual(["from the host", "refused", "from the host"]);
    expect(readFileSync(join(hostDir, "new"), "utf8")).toBe("written\n");
  });

  it("starts in --workdir, and HOME is the user's own when a bind shows it", async () => {
    const hostDir = fixture.directory.join("host");
    const args = ["--bind", `${hostDir}:${hostDir}`, "--workdir", hostDir];
    const lines = await fixture.script('echo "$PWD $HOME"', args, { env: { HOME: hostDir } });
    expect(lines).toEqual([`${hostDir} ${hostDir}`]);
  });

  it("does not let a bind lead out of the root through a link of another bind", async () => {
    const hostDir = fixture.directory.join("host");
    mkdirSync(join(hostDir, "real"), { recursive: true });
    const args = ["--bind", `${hostDir}:/a`, "--bind", `${hostDir}:/a/gone`];
    const result = await fixture.run([fixture.programs.root, "--entrypoint", "bin/sh", ...args, "--", "-c", ":"]);
    expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("make it on the host first") });
  });

  it("leaves no mount behind", async () => {
    const before = readMountTable().length;
    await fixture.script(":");
    expect(readMountTable()).toHaveLength(before);
    expect(mountsBelow(fixture.directory.path)).toEqual([]);
  });
});
