/** The table of the chart's values for people, from the schema's descriptions and the defaults in values.yaml. */

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Row {
  readonly path: string;
  readonly fallback: unknown;
  readonly meaning: string;
}

const HEADING = `# Values of the chart

Made from \`charts/niphas/values.schema.json\` and \`values.yaml\`; \`npx vitest run --project unit test/chart --update\` makes
it anew. Unknown values and wrong ones are refused. [install.md](install.md) says how to use them.

| value | default | meaning |
| --- | --- | --- |
`;

/** docs/values.md. @throws Error when a value is not described, or has no default */
export function valuesDocument(schema: Schema, defaults: unknown): string {
  const definitions = schema.$defs ?? {};
  const rows = rowsOf({ schema, fallback: defaults, path: [], definitions }).map(
    ({ path, fallback, meaning }) => `| \`${path}\` | \`${JSON.stringify(fallback)}\` | ${escaped(meaning)} |\n`,
  );
  return HEADING + rows.join("");
}

interface Place {
  readonly schema: Schema;
  readonly fallback: unknown;
  readonly path: readonly string[];
  readonly definitions: Readonly<Record<string, Schema>>;
}

function rowsOf({ schema, fallback, path, definitions }: Place): readonly Row[] {
  const { properties } = resolved(schema, definitions);
  const defaults = objectOf(fallback);
  // What has no defaults of its own inside, such as resources, is one value.
  if (properties === undefined || defaults === undefined || !isComplete(path, properties, defaults)) {
    return [{ path: path.join("."), fallback, meaning: meaningOf(schema, path) }];
  }
  refuseUndescribed(path, properties, defaults);
  return Object.entries(properties)
    .filter(([key]) => key in defaults)
    .flatMap(([key, inner]) => rowsOf({ schema: inner, fallback: defaults[key], path: [...path, key], definitions }));
}

/** `global` is Helm's, not ours. */
function isComplete(path: readonly string[], properties: object, defaults: object): boolean {
  return Object.keys(properties).every((key) => key in defaults || (path.length === 0 && key === "global"));
}

function refuseUndescribed(path: readonly string[], properties: object, defaults: object): void {
  const unknown = Object.keys(defaults).find((key) => !(key in properties));
  if (unknown !== undefined) throw new Error(`values.schema.json does not describe ${[...path, unknown].join(".")}`);
}

function meaningOf({ description }: Schema, path: readonly string[]): string {
  if (description !== undefined) return description;
  throw new Error(`values.schema.json has no description of ${path.join(".")}`);
}

function resolved(schema: Schema, definitions: Readonly<Record<string, Schema>>): Schema {
  const name = schema.$ref?.replace("#/$defs/", "");
  return name === undefined ? schema : { ...definitions[name], ...schema };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function escaped(text: string): string {
  return text.replaceAll("<", "&lt;").replaceAll("|", "\\|");
}
