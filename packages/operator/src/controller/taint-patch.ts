import type { JsonPatchOperation, Node } from "@niphas/kube";

/**
 * Takes the taint off the node and touches nothing else. The patch is refused when the node is not the one that was
 * read, or its taints have moved: the API server checks each `test` against the object as it then is.
 * @returns no operations when the node does not have the taint
 */
export function taintRemoval(node: Node, taintKey: string): readonly JsonPatchOperation[] {
  const entries = (node.spec?.taints ?? []).map((taint, index) => ({ taint, path: `/spec/taints/${index}` }));
  const unwanted = entries.filter(({ taint }) => taint.key === taintKey);
  if (unwanted.length === 0) return [];
  return [
    { op: "test", path: "/metadata/uid", value: node.metadata.uid },
    ...unwanted.map(({ taint, path }) => ({ op: "test", path, value: taint }) as const),
    // From the end, so that what is left keeps its place.
    ...unwanted.reverse().map(({ path }) => ({ op: "remove", path }) as const),
  ];
}
