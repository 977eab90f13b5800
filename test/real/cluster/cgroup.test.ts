import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { needs, runCommand, temporaryDirectory, waitUntil } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Cgroup } from "../../cluster/cgroups/cgroup.ts";
import { type CgroupHierarchies, readHierarchies } from "../../cluster/cgroups/hierarchies.ts";

const PATH = `/niphas-test-${process.pid}/inner`;

function start(argv: readonly string[]): ChildProcess {
  const [program = "", ...args] = argv;
  return spawn(program, args, { stdio: "ignore" });
}

/** What a cluster needs of cgroups, with processes that have a child. */
async function checkLife(hierarchies: CgroupHierarchies): Promise<void> {
  const cgroup = new Cgroup(PATH, hierarchies);
  const directories = hierarchies.mountPoints.map((mountPoint) => `${mountPoint}${PATH}`);
  await cgroup.create();
  try {
    const root = start(cgroup.joiningAsRoot(["sh", "-c", "sleep 60 & wait"]));
    await waitUntil("two processes", () => cgroup.processes().length === 2);
    cgroup.delegate();
    start(cgroup.joining(["sleep", "60"]));
    await waitUntil("three processes", () => cgroup.processes().length === 3);
    for (const directory of directories) mkdirSync(`${directory}/pod`);
    await cgroup.kill();
    expect(cgroup.processes()).toEqual([]);
    await waitUntil("the first process to be gone", () => root.signalCode === "SIGKILL");
  } finally {
    await cgroup.kill();
    await cgroup.remove();
    new Cgroup(`/niphas-test-${process.pid}`, hierarchies).removeIfUnused();
  }
  expect(directories.filter((directory) => existsSync(directory))).toEqual([]);
}

describe("a cluster's cgroup", () => {
  beforeEach((context) => needs(context, "root", "private mount namespace"));

  it("holds, ends and leaves nothing on this machine's hierarchies", async () => {
    await checkLife(readHierarchies());
  });

  it("does the same on version 2", async () => {
    await using directory = temporaryDirectory("cgroup");
    await runCommand(["mount", "-t", "cgroup2", "cgroup2", directory.path]);
    await checkLife({ version: 2, mountPoints: [directory.path] });
  });
});
