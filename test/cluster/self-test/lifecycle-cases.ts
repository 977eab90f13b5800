import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "@niphas/testing";
import { readHierarchies } from "../cgroups/hierarchies.ts";
import { Cluster } from "../cluster.ts";
import { ClusterLayout } from "../state/layout.ts";
import { findRemains } from "./remains.ts";

/** A property of `up` and `down` themselves, tried on clusters of its own. */
export interface LifecycleCase {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

const NAME = "self-test-1";
const OTHER_NAME = "self-test-2";
const PROGRAM = join(import.meta.dirname, "../main.ts");
/** What `up` says when it begins a step, which then never ends. */
const STEPS = ["certificates, disks", "etcd, API server", "API server is ready", "nodes are ready"];

export const lifecycleCases: readonly LifecycleCase[] = [
  {
    name: "a control plane alone comes up and goes away without a trace",
    run: async (signal) => {
      const cluster = await Cluster.up({ name: NAME, nodes: 0, signal });
      equal((await cluster.kubectl(["get", "--raw=/readyz"])).stdout, "ok");
      await cluster.down();
      deepEqual(await findRemains(NAME), []);
      await rejects(Cluster.attach({ name: NAME }), /is not up/);
    },
  },
  {
    name: "down removes all that a killed up has left",
    run: async () => {
      for (const step of STEPS) {
        await killedUp(step, "SIGKILL");
        await Cluster.remove({ name: NAME });
        await untilWritersAreGone();
        deepEqual(await findRemains(NAME), [], `killed at: ${step}`);
      }
    },
  },
  {
    name: "down ends what is frozen, as a killed runc leaves it",
    run: async (signal) => {
      await Cluster.up({ name: NAME, nodes: 0, signal });
      freeze(`${new ClusterLayout(NAME).cgroup}/control`);
      await Cluster.remove({ name: NAME });
      deepEqual(await findRemains(NAME), []);
    },
  },
  {
    name: "an up that is asked to stop removes what it has made",
    run: async () => {
      equal(await killedUp("etcd, API server", "SIGTERM"), 130);
      deepEqual(await findRemains(NAME), []);
    },
  },
  {
    name: "up repairs what a killed up has left, and replaces a cluster of its name",
    run: async (signal) => {
      await killedUp("API server is ready", "SIGKILL");
      const first = await Cluster.up({ name: NAME, nodes: 0, signal });
      const before = first.status().machines[0]?.pid;
      const second = await Cluster.up({ name: NAME, nodes: 0, signal });
      notEqual(second.status().machines[0]?.pid, before);
    },
  },
  {
    name: "two clusters are up at once and know nothing of each other",
    run: async (signal) => {
      const [first, second] = await Promise.all(
        [NAME, OTHER_NAME].map((name) => Cluster.up({ name, nodes: 0, signal })),
      );
      ok(first && second);
      await first.kubectl(["create", "namespace", "only-in-first"], { check: true });
      match((await second.kubectl(["get", "namespace", "only-in-first"])).stderr, /NotFound/);
      await first.down();
      equal((await second.kubectl(["get", "--raw=/readyz"])).stdout, "ok");
    },
  },
  {
    name: "the host's network, mounts and kernel settings stay as they were",
    run: async (signal) => {
      const before = await hostState();
      const cluster = await Cluster.up({ name: NAME, nodes: 1, signal });
      deepEqual(await hostState(), before);
      await cluster.down();
      deepEqual(await hostState(), before);
    },
  },
];

/** Whatever happens in a case: nothing of its clusters stays. */
export async function removeLifecycleClusters(): Promise<void> {
  await Promise.all([NAME, OTHER_NAME].map((name) => Cluster.remove({ name })));
}

/** Starts `up` and sends it a signal when it begins a step; its exit code, if it had the time for one. */
async function killedUp(step: string, signal: NodeJS.Signals): Promise<number | null> {
  const argv = [PROGRAM, "up", "--name", NAME, "--nodes", "1"];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (text.includes(step)) child.kill(signal);
  });
  return await promise;
}

function freeze(cgroup: string): void {
  const files = readHierarchies().mountPoints.flatMap((mountPoint) => [
    { file: join(mountPoint, cgroup, "freezer.state"), frozen: "FROZEN" },
    { file: join(mountPoint, cgroup, "cgroup.freeze"), frozen: "1" },
  ]);
  const present = files.filter(({ file }) => existsSync(file));
  ok(present.length > 0);
  for (const { file, frozen } of present) writeFileSync(file, frozen);
}

/** Short commands of a killed `up`, such as openssl, live on for a moment. */
async function untilWritersAreGone(): Promise<void> {
  const deadlineMs = Date.now() + 5_000;
  while ((await findRemains(NAME)).length > 0 && Date.now() < deadlineMs) await sleep(100);
}

async function hostState(): Promise<object> {
  const output = async (...argv: string[]): Promise<string> => (await runCommand(argv)).stdout;
  const settings = [
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "net.ipv4.ip_forward",
  ];
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return {
    links: await output("ip", "-oneline", "link"),
    routes: await output("ip", "route"),
    // Others may mount things meanwhile.
    ourMounts: mounts.filter((line) => line.includes("niphas-cluster")),
    propagation: await output("findmnt", "--noheadings", "--output", "PROPAGATION", "/"),
    settings: await output("sysctl", "--values", ...settings),
  };
}
