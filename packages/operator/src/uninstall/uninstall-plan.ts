import { isNiphasError } from "@niphas/core";
import { CONFIG_MAPS, type DaemonSet, type KubeClient, PODS, type PodSpec } from "@niphas/kube";

/** What is not known any more once the DaemonSet is gone. */
export interface UninstallPlan {
  /** Nodes on which the plugin has run. */
  readonly nodeNames: readonly string[];
  /** Label selector of the plugin's pods. */
  readonly podSelector: string;
  /** What the cleaning pods have in common with the plugin's: the cluster lets those run. */
  readonly pod: Pick<PodSpec, "serviceAccountName" | "imagePullSecrets" | "priorityClassName">;
}

export interface PlanStoreInit {
  readonly namespace: string;
}

const CONFIG_MAP_NAME = "niphas-uninstall";
const FIELD_MANAGER = "niphas-uninstall";

/** The plan as a ConfigMap, so that an uninstallation that was cut off can be taken up again. */
export class PlanStore {
  readonly #client: KubeClient;
  readonly #name: { readonly name: string; readonly namespace: string };

  constructor(components: { readonly client: KubeClient }, init: PlanStoreInit) {
    this.#client = components.client;
    this.#name = { name: CONFIG_MAP_NAME, namespace: init.namespace };
  }

  /** Undefined when there is none, or none that can be read. */
  async load(signal: AbortSignal): Promise<UninstallPlan | undefined> {
    try {
      const { data } = await this.#client.get(CONFIG_MAPS, this.#name, signal);
      return parsePlan(data?.["plan"] ?? "");
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async save(plan: UninstallPlan, signal: AbortSignal): Promise<void> {
    const object = { data: { plan: JSON.stringify(plan) } };
    const patch = { type: "apply", object, fieldManager: FIELD_MANAGER, force: true } as const;
    await this.#client.patch(CONFIG_MAPS, this.#name, patch, signal);
  }

  async remove(signal: AbortSignal): Promise<void> {
    try {
      await this.#client.delete(CONFIG_MAPS, this.#name, {}, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** From the DaemonSet and its pods, with the nodes of an earlier plan that has not been carried out. */
export async function makePlan(
  client: KubeClient,
  daemonSet: DaemonSet,
  earlier: UninstallPlan | undefined,
  signal: AbortSignal,
): Promise<UninstallPlan> {
  const podSelector = labelSelector(daemonSet);
  const selection = { ...namespaceOf(daemonSet), labelSelector: podSelector };
  const { items } = await client.list(PODS, selection, signal);
  const nodeNames = new Set(earlier?.nodeNames);
  for (const { spec } of items) if (spec?.nodeName !== undefined) nodeNames.add(spec.nodeName);
  return { nodeNames: [...nodeNames].sort(), podSelector, pod: sharedFields(daemonSet.spec.template.spec) };
}

function sharedFields({
  serviceAccountName,
  imagePullSecrets,
  priorityClassName,
}: UninstallPlan["pod"]): UninstallPlan["pod"] {
  return {
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
  };
}

export function isNotFound(error: unknown): boolean {
  return isNiphasError(error) && error.code === "ApiNotFound";
}

function labelSelector({ spec }: DaemonSet): string {
  return Object.entries(spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function namespaceOf({ metadata: { namespace } }: DaemonSet): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

/** Who can edit ConfigMaps must not get anything else into the specification of a privileged pod. */
function parsePlan(text: string): UninstallPlan | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlan(value) ? { ...value, pod: sharedFields(value.pod) } : undefined;
  } catch {
    return undefined;
  }
}

function isPlan(value: unknown): value is UninstallPlan {
  if (typeof value !== "object" || value === null) return false;
  if (!("nodeNames" in value && "podSelector" in value && "pod" in value)) return false;
  const { nodeNames, podSelector, pod } = value;
  const areNames = Array.isArray(nodeNames) && nodeNames.every((name) => typeof name === "string");
  return areNames && typeof podSelector === "string" && typeof pod === "object" && pod !== null;
}
