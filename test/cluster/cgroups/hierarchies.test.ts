import { describe, expect, it } from "vitest";
import { readHierarchies } from "./hierarchies.ts";

const V1 = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`;
const V2 = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";

describe("readHierarchies", () => {
  it("finds each controller's place in version 1, also beside an unused version 2", () => {
    expect(readHierarchies(V1)).toEqual({
      version: 1,
      mountPoints: ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"],
    });
  });

  it("finds the one place of version 2", () => {
    expect(readHierarchies(V2)).toEqual({ version: 2, mountPoints: ["/sys/fs/cgroup"] });
  });
});
