import { expect, it } from "vitest";
import { namespaceName } from "../world/surroundings.ts";
import { eventLines } from "./namespace.ts";
import { parsePodList } from "./objects.ts";

it("finds the events at the end of what kubectl describe prints", () => {
  const description = [
    "Name:  web",
    "Events:",
    "  Type     Reason       Age               From     Message",
    "  ----     ------       ----              ----     -------",
    "  Warning  FailedMount  2s (x4 over 10s)  kubelet  MountVolume.SetUp failed: Events: none",
  ].join("\n");
  expect(eventLines(description).at(-1)).toBe(
    "Warning  FailedMount  2s (x4 over 10s)  kubelet  MountVolume.SetUp failed: Events: none",
  );
  expect(eventLines("Name: web\nEvents:  <none>\n")).toEqual([]);
});

it("reads what counts of a pod, also of one that is only just made", () => {
  const metadata = { namespace: "shop", name: "web", uid: "1" };
  const volumes = [
    { name: "tmp", emptyDir: {} },
    { name: "nix", csi: { driver: "csi.niphas.io" } },
  ];
  const status = {
    phase: "Running",
    podIP: "10.244.1.2",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ containerID: "containerd://1" }, { restartCount: 1 }],
  };
  const items = [
    { metadata, spec: { nodeName: "node-1", volumes }, status },
    { metadata, spec: {} },
  ];
  const [running, fresh] = parsePodList({ items });
  expect(running).toMatchObject({
    nodeName: "node-1",
    isReady: true,
    containerIds: ["containerd://1"],
    niphasVolumes: ["nix"],
  });
  expect(fresh).toMatchObject({ nodeName: "", phase: "", isReady: false, containerIds: [], niphasVolumes: [] });
});

it("names a case's namespace by run, number and sentence, within what Kubernetes allows", () => {
  const name = namespaceName("x7k2p-7", "hostUsers: false with `view: tree` ... and much more than fits");
  expect(name).toMatch(/^e2e-x7k2p-7-hostusers-false-with-view-tree/);
  expect(name).toMatch(/^[a-z0-9-]{1,63}$/);
  expect(name).not.toMatch(/-$/);
});
