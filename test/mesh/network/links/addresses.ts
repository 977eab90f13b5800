/** The address plan: the same in every mesh network, since each has network namespaces of its own. */

export const PREFIX_LENGTH = 24;
/** Where nodes find the upstream cache. */
export const UPSTREAM_ADDRESS = "10.77.0.1";
/** The cable between the delaying proxy and the cache behind it. */
export const PROXY_WAN_ADDRESS = "10.78.0.2";
export const CACHE_WAN_ADDRESS = "10.78.0.1";
/** Node K has 10.77.0.(10+K), and below 255 there is room for no more. */
export const MAX_NODES = 200;

const FIRST_NODE_HOST = 10;

/** @param index counted from 1 */
export function nodeName(index: number): string {
  return `node-${index}`;
}

export function nodeAddress(index: number): string {
  return `10.77.0.${FIRST_NODE_HOST + index}`;
}
