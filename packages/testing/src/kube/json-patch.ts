/** Any JSON object, as the fake API server keeps it. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** RFC 6902 with test, add, replace and remove. @throws Error when it does not apply */
export function jsonPatch(target: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) throw new Error("a JSON patch is a list");
  const result = structuredClone(target);
  for (const operation of operations) applyOperation(result, operation);
  return result;
}

function applyOperation(root: JsonObject, operation: unknown): void {
  if (!isJsonObject(operation)) throw new Error("an operation is an object");
  const { op, path, value } = operation;
  const keys = String(path).split("/").slice(1).map(unescapeKey);
  const last = keys.pop() ?? "";
  const parent = keys.reduce<unknown>((at, key) => child(at, key), root);
  if (op === "test") {
    if (JSON.stringify(child(parent, last)) !== JSON.stringify(value)) throw new Error(`testing value ${path} failed`);
    return;
  }
  if (op !== "add" && child(parent, last) === undefined) throw new Error(`${op} operation does not apply: ${path}`);
  change(parent, last, op === "remove" ? undefined : { value, isInserted: op === "add" });
}

function change(parent: unknown, key: string, put: { value: unknown; isInserted: boolean } | undefined): void {
  if (Array.isArray(parent)) {
    const index = key === "-" ? parent.length : Number(key);
    parent.splice(index, put?.isInserted === true ? 0 : 1, ...(put === undefined ? [] : [put.value]));
  } else if (isJsonObject(parent)) {
    if (put === undefined) delete parent[key];
    else parent[key] = put.value;
  } else {
    throw new Error("the parent of the path does not exist");
  }
}

function child(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isJsonObject(parent) ? parent[key] : undefined;
}

function unescapeKey(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}
