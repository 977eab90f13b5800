/** What `niphas uninstall` is told. */
export interface UninstallOptions {
  /** Of the platform's own objects. */
  readonly namespace: string;
  /** Name of the node plugin's DaemonSet. */
  readonly daemonSetName: string;
  readonly driverName: string;
  /** Image of the pods that clean nodes. */
  readonly nodeImage: string;
  /** On the nodes. */
  readonly stateDir: string;
  /** On the nodes. */
  readonly kubeletDir: string;
  /** Leave the store paths on the nodes, for the next plugin. */
  readonly keepStore: boolean;
  /** For all of it. */
  readonly timeoutMs: number;
}

/** On the DaemonSet, with the value `true`: uninstall although pods use volumes. They lose their stores. */
export const FORCE_ANNOTATION = "niphas.io/force-uninstall";
