import { equal, match, notEqual, ok } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { runCommand } from "@niphas/testing";
import { userNamespacePod } from "./probe.ts";
import type { SelfTestCase } from "./self-test.ts";
import { NAMESPACE, type TestBed } from "./test-bed.ts";
import { AdmissionWebhook, WEBHOOK_NAME } from "./webhook.ts";

const USER_NAMESPACE_POD = "users-of-its-own";
const TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const CA_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

export const securityCases: readonly SelfTestCase[] = [
  {
    name: "a pod's token is its service account's, which may do nothing by itself",
    minNodes: 1,
    run: async (bed) => {
      const [node] = bed.cluster.nodes;
      ok(node);
      const token = await bed.inPod(node, ["cat", TOKEN_FILE]);
      const user = `system:serviceaccount:${NAMESPACE}:default`;
      match((await asBearer(bed, token, ["auth", "whoami"])).stdout, new RegExp(user));
      const { stderr } = await asBearer(bed, token, ["get", "secrets"]);
      match(stderr, new RegExp(`Forbidden.*${user}`));
    },
  },
  {
    name: "a kubelet may change its own node and no other",
    minNodes: 2,
    run: async (bed) => {
      equal((await labelAs(bed, "node-1", "node-1")).exitCode, 0);
      match((await labelAs(bed, "node-1", "node-2")).stderr, /Forbidden.*node-2/);
    },
  },
  {
    name: "the kubelet's own API refuses strangers",
    minNodes: 1,
    run: async (bed) => {
      const [node] = bed.cluster.nodes;
      ok(node);
      const url = `https://${node.address}:10250/pods`;
      const { stdout } = await node.exec([
        "openssl",
        "s_client",
        "-connect",
        `${node.address}:10250`,
        "-CAfile",
        "/etc/niphas-cluster/ca.crt",
      ]);
      match(stdout, /Verify return code: 0 \(ok\)/);
      equal(await statusFromControl(bed, url), "401");
    },
  },
  {
    name: "an admission webhook behind a Service is asked, and its refusal counts",
    minNodes: 0,
    run: async (bed) => {
      await using webhook = await AdmissionWebhook.start(bed);
      await bed.apply(webhook.objects());
      const refused = await create(bed, "refused");
      notEqual(refused.exitCode, 0);
      match(refused.stderr, new RegExp(`admission webhook "${WEBHOOK_NAME}".*denied the request`));
      equal((await create(bed, "allowed")).exitCode, 0);
    },
  },
  {
    name: "a pod may have users of its own",
    minNodes: 1,
    run: async (bed) => {
      await bed.apply([userNamespacePod(USER_NAMESPACE_POD)]);
      await bed.kubectl(["wait", "--for=condition=Ready", "--timeout=60s", `pod/${USER_NAMESPACE_POD}`]);
      const map = await bed.kubectl(["exec", USER_NAMESPACE_POD, "--", "cat", "/proc/self/uid_map"]);
      const [inside, outside] = map.trim().split(/ +/);
      equal(inside, "0");
      notEqual(outside, "0");
    },
  },
  {
    name: "Pod Security standards are enforced",
    minNodes: 1,
    run: async (bed) => {
      await bed.kubectl(["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"]);
      try {
        const run = ["run", "privileged", "--image=none", "--privileged"];
        const { stderr } = await bed.cluster.kubectl(["--namespace", NAMESPACE, ...run]);
        match(stderr, /violates PodSecurity "restricted/);
      } finally {
        await bed.kubectl(["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce-"]);
      }
    },
  },
];

/** With nothing but a token and the authority that pods are given. */
async function asBearer(bed: TestBed, token: string, argv: readonly string[]): ReturnType<typeof runCommand> {
  const [node] = bed.cluster.nodes;
  ok(node);
  const authority = await bed.inPod(node, ["cat", CA_FILE]);
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: {
          server: bed.cluster.status().server,
          "certificate-authority-data": Buffer.from(authority).toString("base64"),
        },
      },
    ],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: NAMESPACE } }],
    "current-context": "c",
  };
  const file = bed.file("bearer.kubeconfig");
  writeFileSync(file, JSON.stringify(kubeconfig));
  return bed.cluster.kubectl([`--kubeconfig=${file}`, ...argv]);
}

function labelAs(bed: TestBed, identity: string, node: string): ReturnType<typeof runCommand> {
  const kubeconfig = bed.cluster.nodes
    .find(({ name }) => name === identity)
    ?.hostPath("/etc/niphas-cluster/kubelet.kubeconfig");
  const options = [`--kubeconfig=${kubeconfig}`, `--server=${bed.cluster.status().server}`];
  return bed.cluster.kubectl([...options, "annotate", "--overwrite", "node", node, "niphas.io/self-test=1"]);
}

async function statusFromControl(bed: TestBed, url: string): Promise<string> {
  const [node] = bed.cluster.nodes;
  const authority = node?.hostPath("/etc/niphas-cluster/ca.crt") ?? "";
  const script = "fetch(process.argv[1]).then((answer) => console.log(answer.status))";
  const argv = bed.cluster.controlNetworkCommand([process.execPath, "--eval", script, url]);
  const { stdout } = await runCommand(argv, { env: { ...process.env, NODE_EXTRA_CA_CERTS: authority } });
  return stdout.trim();
}

function create(bed: TestBed, name: string): ReturnType<typeof runCommand> {
  return bed.cluster.kubectl(["--namespace", NAMESPACE, "create", "configmap", name]);
}
