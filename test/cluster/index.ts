/** A real Kubernetes cluster on one machine; see docs/cluster.md. */
export { Cluster, type ClusterOptions, type KubectlOptions, type UpOptions } from "./cluster.ts";
export { directoryEntries } from "./images/directory-entries.ts";
export * from "./images/oci-archive.ts";
export type { DirectoryEntry, FileEntry, SymlinkEntry, TarEntry } from "./images/tar.ts";
export type { ExecOptions } from "./machine/machine.ts";
export { CONTROL_ADDRESS } from "./network/addresses.ts";
export { ClusterNode } from "./node/cluster-node.ts";
export type { NodeComponent } from "./node/components.ts";
export type { SelfTestResult } from "./self-test/case-runner.ts";
export { selfTest } from "./self-test/self-test.ts";
export { missingForCluster } from "./tools/tools.ts";
