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

  it("keeps to version 2 where a single hierarchy of version 1 is mounted besides", () => {
    const both = `${V2}cgroup /sys/fs/cgroup/net_cls cgroup rw,net_cls 0 0\n`;
    expect(readHierarchies(both)).toEqual({ version: 2, mountPoints: ["/sys/fs/cgroup"] });
  });

  it("finds nothing where none are mounted", () => {
    expect(readHierarchies("proc /proc proc rw 0 0\n").mountPoints).toEqual([]);
  });

  it("finds the one place of version 2", () => {
    expect(readHierarchies(V2)).toEqual({ version: 2, mountPoints: ["/sys/fs/cgroup"] });
  });
});
