/** What stands where the node plugin expects its mesh. */
export interface HostileMesh extends AsyncDisposable {
  readonly url: string;
  /** What happens while a pod waits for its closure. */
  readonly during?: () => Promise<void>;
}
