import { API_PORT, CLUSTER_DOMAIN, CONTROL_ADDRESS, POD_NETWORK, SERVICE_NETWORK } from "../network/addresses.ts";
import { ETCD_CLIENT } from "../pki/certificate-requests.ts";

/** Configuration and certificates of a machine, seen from inside. */
export const CONFIGURATION = "/etc/niphas-cluster";

export const CONTROL_PLANE_DAEMONS: readonly string[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
];

const file = (name: string): string => `${CONFIGURATION}/${name}`;

/** Without fsync: what a crash of the host would destroy is a test's cluster. */
export function etcdCommand(): readonly string[] {
  return [
    "etcd",
    "--name=control",
    "--data-dir=/var/lib/etcd",
    "--unsafe-no-fsync",
    "--listen-client-urls=https://127.0.0.1:2379",
    "--advertise-client-urls=https://127.0.0.1:2379",
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--initial-advertise-peer-urls=http://127.0.0.1:2380",
    "--initial-cluster=control=http://127.0.0.1:2380",
    `--cert-file=${file("etcd.crt")}`,
    `--key-file=${file("etcd.key")}`,
    `--trusted-ca-file=${file("ca.crt")}`,
    "--client-cert-auth",
    `--client-cert-allowed-hostname=${ETCD_CLIENT}`,
    "--enable-grpc-gateway=false",
  ];
}

export function apiServerCommand(): readonly string[] {
  return [
    "kube-apiserver",
    `--advertise-address=${CONTROL_ADDRESS}`,
    `--secure-port=${API_PORT}`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    "--allow-privileged=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    // Webhooks are called at their endpoints, so that they work before the control plane's own kube-proxy does.
    "--enable-aggregator-routing=true",
    "--etcd-servers=https://127.0.0.1:2379",
    `--etcd-cafile=${file("ca.crt")}`,
    `--etcd-certfile=${file("apiserver-etcd-client.crt")}`,
    `--etcd-keyfile=${file("apiserver-etcd-client.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    `--kubelet-certificate-authority=${file("ca.crt")}`,
    `--kubelet-client-certificate=${file("apiserver-kubelet-client.crt")}`,
    `--kubelet-client-key=${file("apiserver-kubelet-client.key")}`,
    `--requestheader-client-ca-file=${file("ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${file("front-proxy-client.crt")}`,
    `--proxy-client-key-file=${file("front-proxy-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    `--service-account-issuer=https://kubernetes.default.svc.${CLUSTER_DOMAIN}`,
    `--service-account-key-file=${file("service-account.pub")}`,
    `--service-account-signing-key-file=${file("service-account.key")}`,
  ];
}

export function controllerManagerCommand(): readonly string[] {
  return [
    "kube-controller-manager",
    ...clientOptions("controller-manager"),
    `--cluster-cidr=${POD_NETWORK}`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    // Each node's pod network is fixed by its number; see addresses.ts.
    "--allocate-node-cidrs=false",
    `--root-ca-file=${file("ca.crt")}`,
    `--cluster-signing-cert-file=${file("ca.crt")}`,
    `--cluster-signing-key-file=${file("ca.key")}`,
    `--service-account-private-key-file=${file("service-account.key")}`,
    "--use-service-account-credentials=true",
  ];
}

export function schedulerCommand(): readonly string[] {
  return ["kube-scheduler", ...clientOptions("scheduler")];
}

/** Of a component that runs once, so it need not wait for a lease. */
function clientOptions(name: string): readonly string[] {
  const kubeconfig = file(`${name}.kubeconfig`);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    "--leader-elect=false",
  ];
}

/** What the control machine's configuration directory holds of the PKI: certificates with their keys, and other files. */
export const CONTROL_CERTIFICATES = [
  "ca",
  "apiserver",
  "apiserver-etcd-client",
  "apiserver-kubelet-client",
  "front-proxy-client",
  "etcd",
];
export const CONTROL_KUBECONFIGS = ["admin", "controller-manager", "scheduler", "kube-proxy"];
