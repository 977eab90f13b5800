import type { LocalStore, PathHash, PeerId } from "../ports.ts";
import { InfoFinder, type InfoFinderComponents } from "./info-finder.ts";
import { OwnedClosures } from "./owned-closures.ts";
import { PlannedNarInfos } from "./planned-nar-infos.ts";
import type { IsTrusted } from "./ports.ts";

export interface InfosComponents extends Omit<InfoFinderComponents, "ownerOf"> {
  readonly store: Pick<LocalStore, "pathInfo">;
  readonly isTrusted: IsTrusted;
  /** The first owner of a path finds its closure out for all. */
  readonly owners: { of(path: PathHash): readonly PeerId[] };
}

/** What finds narinfos out, for this node and for members that ask for closures of which it is the owner. */
export function createInfos(components: InfosComponents, { self }: { readonly self: PeerId }) {
  const { owners, store, isTrusted } = components;
  const isOwned = (path: PathHash): boolean => owners.of(path)[0] === self;
  const ownerOf = (path: PathHash): PeerId | undefined => (isOwned(path) ? undefined : owners.of(path)[0]);
  const finder = new InfoFinder({ ...components, ownerOf });
  const narInfos = new PlannedNarInfos({ finder, store, isTrusted });
  const owned = new OwnedClosures({ narInfos, store, isOwned });
  const findClosure: OwnedClosures["find"] = (question, signal) => owned.find(question, signal);
  const onDoubt: InfoFinder["doubt"] = (wanted) => finder.doubt(wanted);
  return { finder, findClosure, onDoubt };
}
