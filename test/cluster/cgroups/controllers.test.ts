import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { copyCpuset, passControllersOn } from "./controllers.ts";

describe("passControllersOn", () => {
  it("asks for what is missing of that which the kubelet and runc use", async () => {
    await using directory = temporaryDirectory("controllers");
    const control = directory.join("cgroup.subtree_control");
    writeFileSync(directory.join("cgroup.controllers"), "cpuset cpu memory rdma misc\n");
    writeFileSync(control, "cpu memory\n");
    passControllersOn(directory.path);
    expect(readFileSync(control, "utf8")).toBe("+cpuset");
  });
});

describe("copyCpuset", () => {
  it("gives a new cgroup its parent's processors", async () => {
    await using directory = temporaryDirectory("cpuset");
    mkdirSync(directory.join("child"));
    writeFileSync(directory.join("cpuset.cpus"), "0-1\n");
    writeFileSync(directory.join("child/cpuset.cpus"), "\n");
    copyCpuset(directory.path, directory.join("child"));
    expect(readFileSync(directory.join("child/cpuset.cpus"), "utf8")).toBe("0-1\n");
  });
});
