import { mountsBelow, readMountTable } from "@niphas/testing";
import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";

/** Names in a directory with the hidden ones, one a line, by the shell alone. */
const LIST = 'shopt -s dotglob nullglob; list() { cd "$1/"; for f in *; do echo "$f"; done; }';
const DEVICES = ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom"];

describeForBothUsers("the root of a program that runs", (fixture) => {
  it("is a root of the skeleton and nothing else", async () => {
    expect(await fixture().script(`${LIST}; list ""`)).toEqual(["dev", "etc", "nix", "proc", "run", "tmp", "var"]);
    expect(await fixture().script(`${LIST}; list /nix; list /dev; list /etc; list /tmp; list /run`)).toEqual([
      "store",
      ...[...DEVICES, "zero"].sort(),
      ...["group", "hostname", "hosts", "nsswitch.conf", "passwd", "resolv.conf"],
    ]);
  });

  it("is a store of exactly the closure", async () => {
    const { root, libc, storeEntries } = fixture().programs;
    expect(await fixture().script(`${LIST}; list /nix/store`)).toEqual(storeEntries);
    expect(await fixture().script(`${LIST}; list /nix/store/.roots; list ${libc}/lib`)).toContain("tools-1.0");
    expect(await fixture().script('[ /nix/store/.roots/tools-1.0/bin/sh -ef "$0" ] && echo same', [])).toEqual([
      "same",
    ]);
    expect(await fixture().script(`cat ${root}/bin/data`)).toEqual(["not a program"]);
  });

  it("cannot be written but for /tmp, /run and /var", async () => {
    const { root } = fixture().programs;
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
    const result = await fixture().run([
      fixture().programs.root,
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
    const lines = await fixture().script("cat /proc/self/mountinfo");
    const points = lines.map((line) => line.split(" ").slice(4, 6));
    expect(points.filter(([point]) => point === "/")).toHaveLength(1);
    for (const [point = "", options = ""] of points) {
      if (point !== "/" && !point.startsWith("/nix/store")) continue;
      expect(options.split(",")).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
    }
    expect(points.map(([point]) => point).filter((point) => /^\/(work|home|root|usr)/.test(point ?? ""))).toEqual([]);
  });

  it("leaves no mount behind", async () => {
    const before = mountPoints();
    await fixture().script(":");
    expect(mountPoints()).toEqual(before);
    expect(mountsBelow(fixture().directory.path)).toEqual([]);
  });
});

function mountPoints(): readonly string[] {
  return readMountTable().map((entry) => entry.mountPoint);
}
