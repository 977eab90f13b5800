import type { StorePath } from "@niphas/core";
import type { NewObject } from "@niphas/kube";
import { TWIN_REFERENCE } from "./twin-image.ts";

/** A pod's files come from a closure, or from an image that holds the same files. */
export const SIDES = ["niphas", "oci"] as const;
export type Side = (typeof SIDES)[number];

const STUB = "localhost/niphas/stub:0.1.0";
/** The default service account's token is mounted on both sides, as in any pod. */
const SPEC = { restartPolicy: "Never", terminationGracePeriodSeconds: 1 };

/**
 * A pod that runs the example's web server. Both sides have one volume beside the token's: the closure, or an empty
 * directory.
 */
export function podOf(side: Side, name: string, root: StorePath): NewObject {
  const isOurs = side === "niphas";
  const csi = { driver: "csi.niphas.io", readOnly: true, volumeAttributes: { storePath: root } };
  return {
    metadata: { name, namespace: "default" },
    spec: {
      ...SPEC,
      containers: [
        {
          name: "main",
          image: isOurs ? STUB : TWIN_REFERENCE,
          imagePullPolicy: "Never",
          command: [`${root}/bin/web`],
          volumeMounts: [{ name: "volume", mountPath: isOurs ? "/nix/store" : "/volume" }],
        },
      ],
      volumes: [{ name: "volume", ...(isOurs ? { csi } : { emptyDir: {} }) }],
    },
  };
}
