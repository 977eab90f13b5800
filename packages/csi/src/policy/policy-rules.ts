import { NiphasError } from "@niphas/core";

/** One rule of a policy file. `*` in a pattern stands for any characters. */
export interface PolicyRule {
  readonly name: string;
  readonly namespaces: readonly string[];
  readonly serviceAccounts: readonly string[];
  /** Matched against the names of all roots, `hello-2.12`. */
  readonly storePathNames: readonly string[];
  /** @default false */
  readonly contentAddressedRoots: boolean;
}

const RULE_KEYS = new Set(["name", "namespaces", "serviceAccounts", "storePathNames", "contentAddressedRoots"]);
const FILE_KEYS = new Set(["version", "rules"]);

/**
 * Reads a policy file: `{"version": 1, "rules": [...]}`. Lists that are left out match everything; unknown keys are
 * refused, as a misspelt restriction would else allow everything.
 * @throws NiphasError PolicyInvalid saying what is wrong where
 */
export function parsePolicyRules(text: string): readonly PolicyRule[] {
  const file = objectOf(parseJson(text), "the file");
  refuseUnknown(file, FILE_KEYS, "the file");
  if (file["version"] !== 1) throw invalid('"version" must be 1');
  const rules = file["rules"];
  if (!Array.isArray(rules)) throw invalid('"rules" must be a list');
  return rules.map(parseRule);
}

/** A pattern as a function. Linear time: the text is cut at the stars, and each piece is searched once. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head)) return false;
  let position = head.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return text.length - tail.length >= position && text.endsWith(tail);
}

function parseRule(value: unknown, index: number): PolicyRule {
  const where = `rule ${index + 1}`;
  const rule = objectOf(value, where);
  refuseUnknown(rule, RULE_KEYS, where);
  const name = rule["name"];
  if (typeof name !== "string" || name === "") throw invalid(`${where} needs a "name"`);
  const flag = rule["contentAddressedRoots"] ?? false;
  if (typeof flag !== "boolean") throw invalid(`${where}: "contentAddressedRoots" must be true or false`);
  return {
    name,
    namespaces: patternsOf(rule, "namespaces", where),
    serviceAccounts: patternsOf(rule, "serviceAccounts", where),
    storePathNames: patternsOf(rule, "storePathNames", where),
    contentAddressedRoots: flag,
  };
}

function patternsOf(rule: Readonly<Record<string, unknown>>, key: string, where: string): readonly string[] {
  const value = rule[key] ?? ["*"];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw invalid(`${where}: "${key}" must be a list of patterns`);
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NiphasError("PolicyInvalid", "it is not JSON", { cause });
  }
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${where} must be an object`);
  return Object.fromEntries(Object.entries(value));
}

function refuseUnknown(value: object, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined) throw invalid(`${where} has an unknown key ${JSON.stringify(unknown.slice(0, 40))}`);
}

function invalid(message: string): NiphasError {
  return new NiphasError("PolicyInvalid", message);
}
