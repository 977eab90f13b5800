/** https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export const MERGE_PATCH = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";
/** JSON is YAML. */
export const APPLY_PATCH = "application/apply-patch+yaml";
