import { type CommandResult, runCommand } from "@niphas/testing";
import { parseAllDocuments } from "yaml";

export const CHART_DIR = new URL("../../charts/niphas", import.meta.url).pathname;
export const NAMESPACE = "niphas-system";

export type Values = Readonly<Record<string, unknown>>;

/** The part of a Kubernetes object that every one has; the rest is looked at by the tests themselves. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Under which name and where the chart is installed. */
export interface Place {
  readonly release: string;
  readonly namespace: string;
}

/** `helm lint --strict`. */
export async function lint(values: Values): Promise<CommandResult> {
  return await helm(["lint", "--strict", "--values", "-", CHART_DIR], values);
}

/** `helm template`, with the exit code of a refusal. */
export async function template(
  values: Values,
  args: readonly string[] = [],
  { release, namespace }: Place = { release: "niphas", namespace: NAMESPACE },
): Promise<CommandResult> {
  return await helm(["template", release, CHART_DIR, "--namespace", namespace, "--values", "-", ...args], values);
}

const rendered = new Map<string, Promise<string>>();

/** The chart's text for these values; rendered once for each. */
export async function render(values: Values = {}): Promise<string> {
  const key = JSON.stringify(values);
  const text = rendered.get(key) ?? renderAnew(values);
  rendered.set(key, text);
  return await text;
}

async function renderAnew(values: Values): Promise<string> {
  const { exitCode, stdout, stderr } = await template(values);
  if (exitCode !== 0) throw new Error(`helm template ended with ${exitCode}: ${stderr}`);
  return stdout;
}

/** The chart's objects for these values, hooks too. */
export async function renderObjects(values: Values = {}): Promise<readonly KubernetesObject[]> {
  return parseObjects(await render(values));
}

/** @throws YAMLParseError also when a key is there twice, which Helm lets pass */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    for (const error of document.errors) throw error;
    const object: KubernetesObject | null = document.toJS();
    return object === null ? [] : [object];
  });
}

/** kubeconform, strict, against one minor version such as `1.34`. */
export async function conform(manifests: string, kubernetes: string): Promise<CommandResult> {
  const program = process.env["NIPHAS_KUBECONFORM"] ?? "kubeconform";
  const schemas = process.env["NIPHAS_KUBERNETES_SCHEMAS"] ?? "";
  // A PodMonitor's schema belongs to the Prometheus operator.
  const options = ["-strict", "-summary", "-skip", "PodMonitor", "-schema-location", schemas];
  const argv = [program, ...options, "-kubernetes-version", `${kubernetes}.0`, "-"];
  return await runCommand(argv, { input: manifests, allowFailure: true });
}

async function helm(args: readonly string[], values: Values): Promise<CommandResult> {
  const program = process.env["NIPHAS_HELM"] ?? "helm";
  return await runCommand([program, ...args], { input: JSON.stringify(values), allowFailure: true });
}
