import type { KubernetesObject } from "./helm.ts";

interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly seccompProfile?: { readonly type: string };
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext?: SecurityContext;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
    readonly mountPropagation?: string;
  }[];
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly hostNetwork?: boolean;
  readonly hostIPC?: boolean;
  readonly hostPID?: boolean;
  readonly securityContext?: SecurityContext;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
}

export interface PodTemplate {
  readonly object: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
}

/** What the chart starts pods from. */
export function podTemplatesOf(objects: readonly KubernetesObject[]): readonly PodTemplate[] {
  return objects.filter(hasTemplate).map((object) => {
    const { metadata, spec } = object.spec.template;
    return { object, labels: metadata.labels, pod: spec };
  });
}

/** Every container of the chart, or those of one kind of object; of each pod those that stay before those that start it. */
export function containersOf(
  objects: readonly KubernetesObject[],
  kind?: string,
): readonly (PodTemplate & { readonly container: Container })[] {
  return podTemplatesOf(objects)
    .filter(({ object }) => kind === undefined || object.kind === kind)
    .flatMap((template) => {
      const { initContainers = [], containers } = template.pod;
      return [...containers, ...initContainers].map((container) => ({ ...template, container }));
    });
}

interface Templated extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

function hasTemplate(object: KubernetesObject): object is Templated {
  return ["DaemonSet", "Deployment", "Job"].includes(object.kind);
}
