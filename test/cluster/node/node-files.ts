import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIGURATION } from "../control-plane/daemons.ts";
import { PAUSE_IMAGE } from "../images/cluster-images.ts";
import { API_SERVER, nodeName, podNetwork } from "../network/addresses.ts";
import { kubeProxyConfiguration } from "../network/kube-proxy.ts";
import type { Pki } from "../pki/authority.ts";
import { writeKubeconfig } from "../pki/kubeconfig.ts";
import { containerdConfiguration, podNetworkConfiguration } from "./containerd.ts";
import { kubeletConfiguration } from "./kubelet.ts";

/** Names inside the configuration directory. */
export const NODE_FILES = {
  authorityCertificate: "ca.crt",
  certificate: "kubelet.crt",
  key: "kubelet.key",
  kubeletKubeconfig: "kubelet.kubeconfig",
  kubeletConfiguration: "kubelet.json",
  proxyKubeconfig: "kube-proxy.kubeconfig",
  proxyConfiguration: "kube-proxy.json",
  containerdConfiguration: "containerd.toml",
} as const;

/** Where a node sees one of its files. */
export function inNode(name: keyof typeof NODE_FILES): string {
  return join(CONFIGURATION, NODE_FILES[name]);
}

export interface NodeFilesInit {
  readonly cluster: string;
  readonly index: number;
  readonly pki: Pki;
}

/** Writes all that a node's daemons read. */
export function writeNodeFiles(directory: string, { cluster, index, pki }: NodeFilesInit): void {
  const name = nodeName(index);
  const file = (key: keyof typeof NODE_FILES): string => join(directory, NODE_FILES[key]);
  const writeJson = (path: string, value: object): void => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
  copyFileSync(pki.authorityCertificate, file("authorityCertificate"));
  copyFileSync(pki.certificate(`${name}-server`), file("certificate"));
  copyFileSync(pki.key(`${name}-server`), file("key"));
  writeKubeconfig(pki, { cluster, server: API_SERVER, file: file("kubeletKubeconfig"), identity: name });
  writeProxyFiles(directory, { cluster, hostName: name, pki });
  const kubeletFiles = {
    authorityCertificate: inNode("authorityCertificate"),
    certificate: inNode("certificate"),
    key: inNode("key"),
  };
  writeJson(file("kubeletConfiguration"), kubeletConfiguration(kubeletFiles));
  writeFileSync(file("containerdConfiguration"), containerdConfiguration(PAUSE_IMAGE));
  mkdirSync(join(directory, "cni"), { recursive: true });
  writeJson(join(directory, "cni", "10-pods.conflist"), podNetworkConfiguration(podNetwork(index)));
}

export interface ProxyFilesInit {
  readonly cluster: string;
  readonly hostName: string;
  readonly pki: Pki;
}

/** Of kube-proxy, which runs on nodes and in the control machine. */
export function writeProxyFiles(directory: string, { cluster, hostName, pki }: ProxyFilesInit): void {
  const kubeconfigFile = join(directory, NODE_FILES.proxyKubeconfig);
  writeKubeconfig(pki, { cluster, server: API_SERVER, file: kubeconfigFile, identity: "kube-proxy" });
  const configuration = kubeProxyConfiguration(hostName, inNode("proxyKubeconfig"));
  writeFileSync(join(directory, NODE_FILES.proxyConfiguration), `${JSON.stringify(configuration, null, 2)}\n`);
}
