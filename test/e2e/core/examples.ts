import assert from "node:assert/strict";
import type { Case } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { answerInside, applyExample, assertInside, assertServes, assertWebPod, workerPod } from "./support.ts";

/** Every manifest of examples/kubernetes, run as it is but for its placeholders. */
export const exampleCases: readonly Case<CaseContext>[] = [
  {
    name: "inline-volume: a pod with a store path serves from exactly its closure",
    run: async (context) => {
      await applyExample(context, "inline-volume");
      await assertWebPod(context);
    },
  },
  {
    name: "per-system: a node takes the store path of its own system, found by .roots/<name>",
    run: async (context) => {
      await applyExample(context, "per-system");
      await assertWebPod(context);
    },
  },
  {
    name: "deployment: twenty replicas on all nodes, each path fetched once by each node, behind a Service",
    run: runDeployment,
  },
  {
    name: "two-closures: two containers of one pod see their own closure each",
    run: async (context) => {
      const { namespace, closures } = context;
      await applyExample(context, "two-closures");
      await namespace.ready("pair");
      await assertServes(context, await namespace.pod("pair"));
      await assertInside(
        context,
        { pod: "pair", container: "web", closures: [closures.web] },
        { pod: "pair", container: "worker", closures: [closures.worker] },
      );
    },
  },
  {
    name: "several-store-paths: one volume with two store paths and an entry point",
    run: async (context) => {
      const { namespace, closures } = context;
      await applyExample(context, "several-store-paths");
      await namespace.ready("web-and-hello");
      await assertServes(context, await namespace.pod("web-and-hello"));
      const inside = { closures: [closures.web, closures.hello], extras: [".roots", ".niphas"] };
      await assertInside(context, { pod: "web-and-hello", container: "web", ...inside });
    },
  },
  {
    name: "init-container: it runs from a closure of its own before the server starts",
    run: async (context) => {
      const { namespace, closures } = context;
      await applyExample(context, "init-container");
      await namespace.ready("prepared");
      assert.equal((await namespace.logs("prepared", "hello")).trim(), "Hello, world!");
      await assertInside(context, { pod: "prepared", container: "web", closures: [closures.web] });
    },
  },
  {
    name: "restricted: neither root nor capabilities, a read-only root, in a namespace that enforces it",
    run: async (context) => {
      const { namespace, closures } = context;
      await namespace.label("pod-security.kubernetes.io/enforce=restricted");
      const lax = namespace.apply(workerPod("lax", closures.worker.root));
      await assert.rejects(lax, /violates PodSecurity "restricted/, "the namespace enforces nothing");
      await applyExample(context, "restricted");
      await assertWebPod(context);
      const status = await answerInside(context, "web", ["cat", "/proc/self/status"]);
      assert.match(status, /^Uid:\t65532\t65532\t/m);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(await answerInside(context, "web", ["touch", "/file"]), /read-only file system/i);
    },
  },
  {
    name: "beside-an-image: an ordinary image's own program uses a closure beside it",
    run: async (context) => {
      const { namespace, closures } = context;
      await applyExample(context, "beside-an-image");
      await namespace.ready("httpd");
      await assertInside(context, {
        pod: "httpd",
        container: "httpd",
        closures: [closures.site],
        busybox: "/bin/busybox",
      });
    },
  },
  {
    name: "user-namespace: hostUsers: false with view: tree",
    run: async (context) => {
      await applyExample(context, "user-namespace");
      await assertWebPod(context);
      const map = await answerInside(context, "web", ["cat", "/proc/self/uid_map"]);
      assert.match(map, /^\s*0\s+[1-9]\d*\s+\d+$/, "the pod's root is the host's");
    },
  },
  {
    name: "from-nix-store-csi: its pods run when the driver's name is changed",
    run: async (context) => {
      await applyExample(context, "from-nix-store-csi");
      await assertWebPod(context);
    },
  },
  {
    name: "from-nix-csi: its pods run when the driver's name is changed and readOnly is set",
    run: async (context) => {
      await applyExample(context, "from-nix-csi");
      await assertWebPod(context, { mountPath: "/nix" });
    },
  },
];

async function runDeployment(context: CaseContext): Promise<void> {
  const { namespace, cluster, cache, progress, closures } = context;
  const requestsBefore = cache.requests.length;
  await applyExample(context, "deployment");
  await progress.step("twenty pods are ready", () => namespace.ready("deployment/web"));
  const pods = await namespace.pods();
  assert.equal(pods.filter((pod) => pod.isReady).length, 20);
  assert.deepEqual(
    [...new Set(pods.map((pod) => pod.nodeName))].sort(),
    cluster.nodes.map((node) => node.name),
  );
  const fetched = cache.requests.slice(requestsBefore).filter((request) => request.path.startsWith("/nar/"));
  const most = Math.max(
    0,
    ...Map.groupBy(fetched, (request) => request.path)
      .values()
      .map((each) => each.length),
  );
  assert.ok(most <= cluster.nodes.length, `a path was fetched ${most} times by ${cluster.nodes.length} nodes`);
  for (const pod of pods) await assertServes(context, pod);
  const [first] = pods;
  assert.ok(first);
  await assertInside(context, { pod: first.name, container: "web", closures: [closures.web] });
  const wget = ["wget", "-q", "-O", "-", "http://web/"];
  const answer = await progress.step("the Service answers by its name", () => answerInside(context, first.name, wget));
  assert.match(answer, /<h1>/);
}
