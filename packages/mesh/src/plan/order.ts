import type { NarInfo, StorePath } from "@niphas/core";

/** Each path after those of the others that it refers to; those that need fewest steps first. */
export function inOrder(infos: readonly NarInfo[]): readonly NarInfo[] {
  const referrers = new Map<StorePath, NarInfo[]>(infos.map(({ path }) => [path, []]));
  const waitsFor = new Map<StorePath, number>();
  for (const info of infos) {
    const needed = new Set(info.references.filter((path) => path !== info.path && referrers.has(path)));
    for (const path of needed) referrers.get(path)?.push(info);
    waitsFor.set(info.path, needed.size);
  }
  const ordered = infos.filter(({ path }) => waitsFor.get(path) === 0);
  for (const info of ordered) {
    for (const referrer of referrers.get(info.path) ?? []) {
      const left = (waitsFor.get(referrer.path) ?? 0) - 1;
      waitsFor.set(referrer.path, left);
      if (left === 0) ordered.push(referrer);
    }
  }
  // Nothing that Nix has built refers in a circle; what does comes last.
  return ordered.length === infos.length ? ordered : [...ordered, ...infos.filter((info) => !ordered.includes(info))];
}
