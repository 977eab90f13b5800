/** The images that the project ships. */
export const IMAGE_NAMES = ["node", "control", "stub"] as const;

export type ImageName = (typeof IMAGE_NAMES)[number];

export interface ImageSpec {
  readonly name: ImageName;
  /** Relative to the repository, which is the build's context. */
  readonly dockerfile: string;
  /** OCI platforms (`linux/arm64`) of an image without programs; the machine's own for all others. */
  readonly platforms?: readonly string[];
  readonly hasBundle: boolean;
}

export function imageSpec(name: ImageName): ImageSpec {
  const dockerfile = `deploy/${name}/Dockerfile`;
  return name === "stub"
    ? { name, dockerfile, platforms: ["linux/amd64", "linux/arm64"], hasBundle: false }
    : { name, dockerfile, hasBundle: true };
}

export function isImageName(text: string): text is ImageName {
  return IMAGE_NAMES.some((name) => name === text);
}
