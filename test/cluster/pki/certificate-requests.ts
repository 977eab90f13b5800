import {
  API_SERVICE_ADDRESS,
  CLUSTER_DOMAIN,
  CONTROL_ADDRESS,
  nodeAddress,
  nodeIndexes,
  nodeName,
} from "../network/addresses.ts";

/** What a certificate proves; the names are extendedKeyUsage's. */
export type CertificateUsage = "clientAuth" | "serverAuth";

export interface CertificateRequest {
  /** Of its files: `<name>.crt`, `<name>.key`. */
  readonly name: string;
  /** The user that Kubernetes takes it for. */
  readonly commonName: string;
  /** The user's group. */
  readonly organisation?: string;
  readonly usages: readonly CertificateUsage[];
  /** As in subjectAltName: `DNS:localhost`, `IP:127.0.0.1`. */
  readonly alternativeNames: readonly string[];
}

export const CA_NAME = "ca";
const LOCAL_NAMES = ["DNS:localhost", "IP:127.0.0.1"];
const API_SERVER_NAMES = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"].map((name) => `DNS:${name}`);

/** Names and groups as in https://kubernetes.io/docs/setup/best-practices/certificates/ */
export function certificateRequests(nodes: number): readonly CertificateRequest[] {
  return [
    server("apiserver", "kube-apiserver", [
      ...API_SERVER_NAMES,
      `DNS:kubernetes.default.svc.${CLUSTER_DOMAIN}`,
      ...LOCAL_NAMES,
      `IP:${CONTROL_ADDRESS}`,
      `IP:${API_SERVICE_ADDRESS}`,
    ]),
    server("etcd", "etcd", LOCAL_NAMES),
    { ...client("apiserver-etcd-client", ETCD_CLIENT), alternativeNames: [`DNS:${ETCD_CLIENT}`] },
    client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    client("front-proxy-client", "front-proxy-client"),
    client("admin", "kubernetes-admin", "system:masters"),
    client("controller-manager", "system:kube-controller-manager"),
    client("scheduler", "system:kube-scheduler"),
    client("kube-proxy", "system:kube-proxy"),
    ...nodeIndexes(nodes).flatMap(nodeCertificates),
  ];
}

/** The only one that may talk to etcd, which knows clients by their alternative name. */
export const ETCD_CLIENT = "kube-apiserver-etcd-client";

function nodeCertificates(index: number): readonly CertificateRequest[] {
  const name = nodeName(index);
  const user = `system:node:${name}`;
  return [
    client(name, user, "system:nodes"),
    server(`${name}-server`, user, [`DNS:${name}`, `IP:${nodeAddress(index)}`], "system:nodes"),
  ];
}

function client(name: string, commonName: string, organisation?: string): CertificateRequest {
  const group = organisation === undefined ? {} : { organisation };
  return { name, commonName, ...group, usages: ["clientAuth"], alternativeNames: [] };
}

function server(
  name: string,
  commonName: string,
  alternativeNames: readonly string[],
  organisation?: string,
): CertificateRequest {
  return { ...client(name, commonName, organisation), usages: ["serverAuth"], alternativeNames };
}
