import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterNode } from "../../cluster/index.ts";
import { WORKER } from "../closures/closure-source.ts";
import type { Case } from "../framework/story.ts";
import { podManifest } from "../kubernetes/manifests.ts";
import { parsePodList } from "../kubernetes/objects.ts";
import { ContentsOracle } from "../oracles/contents.ts";
import { targetsOf } from "../oracles/staleness.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { answerInside, assertInside, workerOf, workerPod } from "./support.ts";

const SYSTEM = ["--namespace", SYSTEM_NAMESPACE];
const SECRET = "cache-credentials";
const USER = "niphas";
/** The chart's port `health`. */
const METRICS_PORT = 9809;
const ABSENT = "is in none of the binary caches asked";
const REFUSAL = /read-only file system|operation not permitted|permission denied/i;

/** What a pod must not be able to do, and what nobody must be able to read. */
export const isolationCases: readonly Case<CaseContext>[] = [
  {
    name: "a pod that runs as root with an fsGroup: neither changes anything in the closure",
    run: runAsRoot,
  },
  {
    name: "a cache with a password: without the Secret it has nothing; with it pods start, and the password is nowhere to be read",
    run: runWithPassword,
  },
];

async function runAsRoot(context: CaseContext): Promise<void> {
  const { namespace, closures } = context;
  const { worker } = closures;
  const node = nodeOf(context, 1);
  const program = `${worker.root}/bin/worker`;
  const securityContext = { runAsUser: 0, fsGroup: 4711 };
  const name = "mighty";
  await namespace.apply(podManifest({ name, nodeName: node.name, securityContext, ...workerOf(worker.root) }));
  await namespace.ready(name);
  assert.equal(await answerInside(context, name, ["id", "-u"]), "0");
  assert.equal(await answerInside(context, name, ["stat", "-c", "%u:%g %a", program]), "0:0 555");
  for (const attempt of [
    ["touch", program],
    ["chmod", "777", program],
    ["chown", "4711", program],
    ["rm", program],
    ["ln", program, `${worker.root}/bin/other`],
    ["mknod", `${worker.root}/null`, "c", "1", "3"],
    ["mount", "-o", "remount,rw", "/nix/store"],
  ]) {
    assert.match(await answerInside(context, name, attempt), REFUSAL, attempt.join(" "));
  }
  await assertInside(context, { pod: name, container: "main", closures: [worker] });
  const contents = new ContentsOracle((path) => closures.physicalPath(path));
  const [target = ""] = targetsOf([await namespace.pod(name)]);
  assert.deepEqual(contents.faultsOf(node.hostPath(target), worker), []);
}

async function runWithPassword(context: CaseContext): Promise<void> {
  const { namespace, closures, cache, release, kubectl, cluster, progress } = context;
  const password = `canary-${randomUUID()}`;
  const encoded = Buffer.from(`${USER}:${password}`).toString("base64");
  cache.requireAuthorization(`Basic ${encoded}`);
  const { root } = await closures.add({ name: "private", script: WORKER });
  await namespace.apply(workerPod("private", root));
  // Once Nix has met a cache, it takes 401 for "not there".
  progress.note(await namespace.event("private", new RegExp(`HTTP error 401|${ABSENT}`)));
  const netrc = `netrc=machine ${new URL(cache.url).hostname} login ${USER} password ${password}`;
  try {
    await kubectl.run([...SYSTEM, "create", "secret", "generic", SECRET, `--from-literal=${netrc}`]);
    const values = { netrcSecret: SECRET, plugin: { logLevel: "debug" } };
    await progress.step("helm upgrade", () => release.install(values));
    await progress.step("the pod starts", () => namespace.ready("private"));
    const absent = await closures.add({ name: "absent-and-private", script: WORKER, isPushed: false });
    await namespace.apply(workerPod("absent", absent.root));
    await namespace.event("absent", ABSENT);
    for (const [where, text] of await everythingReadable(context)) {
      assert.notEqual(text, "", `${where}: nothing was looked at`);
      assert.ok(!text.includes(password) && !text.includes(encoded), `the password can be read in ${where}`);
    }
  } finally {
    // Not ended by the case's signal.
    await cluster.kubectl([...SYSTEM, "delete", "secret", SECRET, "--ignore-not-found"]);
    await progress.step("helm upgrade, back to no password", () => release.install());
  }
}

/** Whatever people and other programs get to see, by where. */
async function everythingReadable(context: CaseContext): Promise<ReadonlyMap<string, string>> {
  const { kubectl, cluster, signal } = context;
  const selector = ["--selector", "app.kubernetes.io/component=node"];
  const metrics: string[] = [];
  for (const { podIp } of await kubectl.json([...SYSTEM, "get", "pods", ...selector], parsePodList)) {
    metrics.push(await (await fetch(`http://${podIp}:${METRICS_PORT}/metrics`, { signal })).text());
  }
  return new Map([
    ["the plugins' logs", await kubectl.run([...SYSTEM, "logs", ...selector, "--tail=-1"])],
    ["events", await kubectl.run(["get", "events", "--all-namespaces", "--output", "json"])],
    ["pods", await kubectl.run(["get", "pods", "--all-namespaces", "--output", "json"])],
    ["metrics", metrics.join("")],
    ["command lines and environments", cluster.nodes.map(processTexts).join("")],
  ]);
}

function processTexts(node: ClusterNode): string {
  const directory = node.hostPath("/proc");
  const pids = readdirSync(directory).filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => ["cmdline", "environ"].map((name) => textOf(join(directory, pid, name)))).join("\n");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // The process has ended meanwhile.
    return "";
  }
}
