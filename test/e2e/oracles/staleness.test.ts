import { expect, it } from "vitest";
import type { Pod } from "../kubernetes/objects.ts";
import type { NodeState } from "./node-state.ts";
import { faultsOfNode, targetsOf } from "./staleness.ts";

const POD: Pod = {
  namespace: "shop",
  name: "web",
  uid: "11111111-2222-3333-4444-555555555555",
  nodeName: "node-1",
  phase: "Running",
  isTerminating: false,
  isReady: true,
  podIp: "10.244.1.5",
  containerIds: [],
  niphasVolumes: ["nix"],
};
const TARGET = "/var/lib/kubelet/pods/11111111-2222-3333-4444-555555555555/volumes/kubernetes.io~csi/nix/mount";
const VIEW = "a".repeat(64);

const EMPTY: NodeState = {
  node: "node-1",
  rootOwners: [],
  recordedTargets: [],
  podMounts: [],
  targetDirs: [],
  views: [],
  otherViewEntries: [],
  stateMounts: ["/var/lib/niphas"],
  helperProcesses: [],
  unsealedMounts: [],
};
const SERVING: NodeState = {
  ...EMPTY,
  rootOwners: ["csi-1"],
  recordedTargets: [TARGET],
  podMounts: [`/var/lib/kubelet/pods/${POD.uid}/volumes/kubernetes.io~projected/kube-api-access`, TARGET],
  targetDirs: [TARGET],
  views: [VIEW],
  stateMounts: ["/var/lib/niphas", `/var/lib/niphas/views/${VIEW}/root`],
};

it("knows where the kubelet mounts a pod's volume", () => {
  expect(targetsOf([POD])).toEqual([TARGET]);
});

it("finds nothing wrong with an empty node, a serving one, and views that wait for the next pod", () => {
  expect(faultsOfNode(EMPTY, [])).toEqual([]);
  expect(faultsOfNode(SERVING, [POD])).toEqual([]);
  expect(faultsOfNode({ ...EMPTY, views: [VIEW] }, [])).toEqual([]);
});

it("finds everything that outlives its pod", () => {
  const faults = faultsOfNode(SERVING, [{ ...POD, nodeName: "node-2" }]);
  expect(faults).toHaveLength(3);
  expect(faults.join("\n")).toMatch(
    /a mount without a pod.*\n.*a record and roots without a pod.*\n.*a directory without/,
  );
});

it("finds a running pod that lost its mount, has two of them, or lost its record", () => {
  expect(faultsOfNode({ ...SERVING, podMounts: [] }, [POD]).join()).toContain("with 0 mounts");
  expect(faultsOfNode({ ...SERVING, podMounts: [TARGET, TARGET] }, [POD]).join()).toContain("with 2 mounts");
  expect(faultsOfNode({ ...SERVING, recordedTargets: [] }, [POD]).join()).toContain("without a record");
});

it("finds a volume that could be written to", () => {
  expect(faultsOfNode({ ...SERVING, unsealedMounts: [`${TARGET} rw`] }, [POD]).join()).toContain("not ro,nosuid,nodev");
});

it("allows a pod that comes or goes both", () => {
  for (const pod of [
    { ...POD, phase: "Pending" },
    { ...POD, isTerminating: true },
  ]) {
    expect(faultsOfNode(SERVING, [pod])).toEqual([]);
    expect(faultsOfNode(EMPTY, [pod])).toEqual([]);
  }
});

it("finds half-built views, mounts of removed ones, and helpers that still run", () => {
  const state = { ...EMPTY, otherViewEntries: [".tmp-1"], stateMounts: [`/var/lib/niphas/views/${VIEW}/root`] };
  const faults = faultsOfNode({ ...state, helperProcesses: ["nix-store --realise"] }, []);
  expect(faults.join("\n")).toMatch(/unfinished view: .tmp-1\n.*view that is gone.*\n.*a process: nix-store/);
});
