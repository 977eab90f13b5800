/**
 * JSON schemas for kubeconform from Kubernetes' own OpenAPI document (api/openapi-spec/swagger.json in its source):
 *
 *   node test/chart/schemas.ts SWAGGER_FILE DIRECTORY
 *
 * One file for each kind, named as kubeconform looks for it (deployment-apps-v1.json), complete in itself, and strict:
 * a field that Kubernetes does not know is an error.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const GROUP_VERSION_KIND = "x-kubernetes-group-version-kind";
/** What the document calls a string although numbers are as good. */
const STRING_OR_NUMBER: JsonObject = { type: ["string", "number"] };
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/** Words of JSON schema that are taken over; the rest is documentation, or extensions that no validator knows. */
const KEPT = new Set(["type", "items", "required", "enum", "additionalProperties", "$ref"]);

const [file = "", directory = ""] = process.argv.slice(2);
await writeSchemas(file, directory);

async function writeSchemas(swaggerFile: string, outputDirectory: string): Promise<void> {
  const definitions = objectOf(objectOf(JSON.parse(await readFile(swaggerFile, "utf8")))["definitions"]);
  await mkdir(outputDirectory, { recursive: true });
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = kindsOf(objectOf(definition));
    // Only options of API calls belong to several kinds; they are in no manifest.
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) continue;
    const schema = kindSchema(definitions, name, kind);
    await writeFile(join(outputDirectory, fileName(kind)), `${JSON.stringify(schema)}\n`);
  }
}

function kindSchema(definitions: JsonObject, name: string, { group, version, kind }: GroupVersionKind): JsonObject {
  const closure = new Map<string, JsonObject>();
  collect(definitions, name, closure);
  const root = objectOf(closure.get(name));
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return {
    ...root,
    properties: { ...objectOf(root["properties"]), apiVersion: { enum: [apiVersion] }, kind: { enum: [kind] } },
    required: [...listOf(root["required"]), "apiVersion", "kind"],
    definitions: Object.fromEntries(closure),
  };
}

/** The definition and all that it refers to, directly or not. */
function collect(definitions: JsonObject, name: string, found: Map<string, JsonObject>): void {
  if (found.has(name)) return;
  const definition = name === QUANTITY ? STRING_OR_NUMBER : strict(objectOf(definitions[name]));
  found.set(name, definition);
  for (const [, next = ""] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    collect(definitions, next, found);
  }
}

function strict(schema: JsonObject): JsonObject {
  if (schema["format"] === "int-or-string") return STRING_OR_NUMBER;
  const kept = Object.fromEntries(Object.entries(schema).filter(([key]) => KEPT.has(key)));
  const { items, additionalProperties } = kept;
  if (isObject(items)) kept["items"] = strict(items);
  if (isObject(additionalProperties)) kept["additionalProperties"] = strict(additionalProperties);
  const { properties } = schema;
  if (!isObject(properties)) return kept;
  const each = Object.entries(properties).map(([key, value]) => [key, strict(objectOf(value))] as const);
  return { additionalProperties: false, ...kept, properties: Object.fromEntries(each) };
}

function kindsOf(definition: JsonObject): readonly GroupVersionKind[] {
  return listOf(definition[GROUP_VERSION_KIND]).map((each) => {
    const { group, version, kind } = objectOf(each);
    return { group: String(group), version: String(version), kind: String(kind) };
  });
}

function fileName({ group, version, kind }: GroupVersionKind): string {
  const [firstLabel = ""] = group.split(".");
  return `${[kind, firstLabel, version]
    .filter((part) => part !== "")
    .join("-")
    .toLowerCase()}.json`;
}

function objectOf(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new Error(`an object was expected where ${JSON.stringify(value)?.slice(0, 80)} is`);
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
