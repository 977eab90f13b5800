import type { Case } from "../../framework/story.ts";
import { podManifest } from "../../kubernetes/manifests.ts";
import type { CaseContext } from "../../world/context.ts";

interface Mistake {
  readonly name: string;
  /** `volumeAttributes`, given the path of a closure that is fine. */
  readonly attributes: (path: string) => Readonly<Record<string, string>>;
  readonly readOnly?: boolean | undefined;
  /** The event, by what it has to tell. */
  readonly event: RegExp;
}

const OTHER_SYSTEM = process.arch === "arm64" ? "x86_64-linux" : "aarch64-linux";
const OWN_SYSTEM = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

/** Mistakes in the pod: the event names the field and what to write. */
const MISTAKES: readonly Mistake[] = [
  {
    name: "a typing error in an attribute: the event names it and the attribute that was meant",
    attributes: (path) => ({ storePaht: path }),
    event:
      /InvalidArgument desc = unknown volume attribute "storePaht" \(did you mean storePath\?\): allowed are storePath, /,
  },
  {
    name: "readOnly is missing: the event says where to write it",
    attributes: (path) => ({ storePath: path }),
    readOnly: undefined,
    event: /InvalidArgument desc = the volume must be read-only: set readOnly: true under csi in the pod/,
  },
  {
    name: "no store path for the node's system: the event names the system and both remedies",
    attributes: (path) => ({ [`storePath.${OTHER_SYSTEM}`]: path }),
    event: new RegExp(
      `InvalidArgument desc = no store path is given for this node's system ${OWN_SYSTEM}: ` +
        `add storePath.${OWN_SYSTEM}, or a nodeAffinity on kubernetes.io/arch`,
    ),
  },
  {
    name: "a recipe instead of its output: the event says what to give",
    attributes: (path) => ({ storePath: `${path}.drv` }),
    event: /InvalidArgument desc = .*-hello\.drv is a recipe: give the store path that it builds/,
  },
  {
    name: "a flake reference: the event says that nodes do not evaluate, and what to do instead",
    attributes: () => ({ flakeRef: "github:example/app" }),
    event:
      /InvalidArgument desc = flakeRef is not evaluated on nodes: build and push the closure, then give its storePath/,
  },
];

export const requestEventCases: readonly Case<CaseContext>[] = MISTAKES.map((mistake) => ({
  name: mistake.name,
  run: async ({ namespace, closures, progress }) => {
    const { root } = closures.hello;
    const attributes = mistake.attributes(root);
    const pod = { name: "mistaken", attributes, command: [`${root}/bin/hello`] };
    await namespace.apply(podManifest("readOnly" in mistake ? { ...pod, readOnly: mistake.readOnly } : pod));
    progress.note(await namespace.event("mistaken", mistake.event));
  },
}));
