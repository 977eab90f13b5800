/** The address plan: the same in every cluster, since each has network namespaces of its own. */

/** The bridge that all machines share; etcd, the API server and test servers listen there. */
export const CONTROL_ADDRESS = "172.30.0.1";
export const NODE_PREFIX_LENGTH = 24;
export const API_PORT = 6443;
export const API_SERVER = `https://${CONTROL_ADDRESS}:${API_PORT}`;
export const POD_NETWORK = "10.244.0.0/16";
export const SERVICE_NETWORK = "10.96.0.0/16";
/** The first address of the service network belongs to the Service `kubernetes`. */
export const API_SERVICE_ADDRESS = "10.96.0.1";
export const DNS_ADDRESS = "10.96.0.10";
export const CLUSTER_DOMAIN = "cluster.local";
/** Node K has 172.30.0.(10+K), and below 255 there is room for no more. */
export const MAX_NODES = 200;

const FIRST_NODE_HOST = 10;

/** @param index counted from 1 */
export function nodeName(index: number): string {
  return `node-${index}`;
}

export function nodeAddress(index: number): string {
  return `172.30.0.${FIRST_NODE_HOST + index}`;
}

/** The pods of one node. */
export function podNetwork(index: number): string {
  return `10.244.${index}.0/24`;
}

/** 1 to `count`. */
export function nodeIndexes(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
