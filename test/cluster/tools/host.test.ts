import { describe, expect, it } from "vitest";
import { missingCgroups, missingPrograms } from "./host.ts";

describe("what a host lacks", () => {
  it("is named with the packages that have it", () => {
    expect(missingPrograms("/no/such/directory")).toEqual([
      expect.stringMatching(/losetup.* on PATH: apt-get install .* iproute2 mount e2fsprogs util-linux openssl$/),
    ]);
  });

  it("is cgroups where none are mounted", () => {
    expect(missingCgroups({ version: 1, mountPoints: [] })).toEqual([
      "cgroups, version 1 or 2, mounted at /sys/fs/cgroup",
    ]);
  });

  it("is the controllers that the kubelet cannot do without", () => {
    const hierarchies = { version: 2, mountPoints: ["/sys/fs/cgroup"] } as const;
    expect(missingCgroups(hierarchies, new Set(["cpu", "cpuset", "memory", "pids", "io"]))).toEqual([]);
    expect(missingCgroups(hierarchies, new Set(["cpu", "pids"]))).toEqual([
      expect.stringMatching(/^the cgroup controllers cpuset, memory, version 2: /),
    ]);
  });
});
