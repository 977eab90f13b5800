import { createHash } from "node:crypto";
import type { ContainerStatus, NewObject, Pod } from "@niphas/kube";
import type { UninstallOptions } from "./options.ts";
import type { UninstallPlan } from "./uninstall-plan.ts";

export const CLEANING_LABELS = {
  "app.kubernetes.io/name": "niphas",
  "app.kubernetes.io/component": "clean",
  "app.kubernetes.io/managed-by": "niphas-uninstall",
} as const;

export const CLEANING_SELECTOR = Object.entries(CLEANING_LABELS)
  .map(([key, value]) => `${key}=${value}`)
  .join(",");

const NAME_HASH_LENGTH = 12;

/** One name for each node, so that a second attempt finds the pod of the first. */
export function cleaningPodName(nodeName: string): string {
  return `niphas-clean-${createHash("sha256").update(nodeName).digest("hex").slice(0, NAME_HASH_LENGTH)}`;
}

/**
 * A pod that runs `niphas clean-node` on the node: at the same paths as on the host, with mounts that go away there when
 * they go away here, and without any right to the API.
 */
export function cleaningPod(nodeName: string, options: UninstallOptions, plan: UninstallPlan): NewObject {
  const { kubeletDir, stateDir, timeoutMs } = options;
  return {
    metadata: { name: cleaningPodName(nodeName), namespace: options.namespace, labels: CLEANING_LABELS },
    spec: {
      ...plan.pod,
      nodeName,
      restartPolicy: "Never",
      // Nobody waits for it any longer.
      activeDeadlineSeconds: Math.ceil(timeoutMs / 1000),
      terminationGracePeriodSeconds: 5,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: "clean-node",
          image: options.nodeImage,
          args: cleanNodeArguments(options),
          securityContext: { privileged: true, runAsUser: 0, readOnlyRootFilesystem: true },
          terminationMessagePolicy: "FallbackToLogsOnError",
          volumeMounts: [
            { name: "kubelet", mountPath: kubeletDir, mountPropagation: "Bidirectional" },
            { name: "state", mountPath: stateDir, mountPropagation: "Bidirectional" },
          ],
        },
      ],
      volumes: [
        { name: "kubelet", hostPath: { path: kubeletDir, type: "Directory" } },
        { name: "state", hostPath: { path: stateDir, type: "DirectoryOrCreate" } },
      ],
    },
  };
}

/** Also what a person types on a node that could not be reached. */
export function cleanNodeArguments(
  options: Pick<UninstallOptions, "stateDir" | "kubeletDir" | "keepStore">,
): readonly string[] {
  const { stateDir, kubeletDir, keepStore } = options;
  return [
    "clean-node",
    `--state-dir=${stateDir}`,
    `--kubelet-dir=${kubeletDir}`,
    ...(keepStore ? ["--keep-store"] : []),
  ];
}

/** What a cleaning pod says for itself, or why it does not get that far. */
export function cleaningMessage({ status }: Pod): string {
  const texts = (status?.containerStatuses ?? []).flatMap(stateTexts);
  const [text] = [...texts, status?.message, status?.reason, status?.phase].filter(
    (each) => each !== undefined && each !== "",
  );
  return (text ?? "nothing is known of it").trim().replace(/\s*\n\s*/g, "; ");
}

function stateTexts({ state }: ContainerStatus): readonly (string | undefined)[] {
  const { waiting, terminated } = state ?? {};
  const waits = waiting?.reason === undefined ? undefined : `${waiting.reason} ${waiting.message ?? ""}`;
  const ended = terminated === undefined ? undefined : `exit code ${terminated.exitCode} ${terminated.reason ?? ""}`;
  return [terminated?.message, ended, waits];
}
