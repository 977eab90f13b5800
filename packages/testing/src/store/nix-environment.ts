/** An environment in which Nix reads no configuration and no cache of this machine. */
export function nixEnvironment(scratchDir: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: scratchDir,
    XDG_CACHE_HOME: scratchDir,
    NIX_CONF_DIR: scratchDir,
    NIX_USER_CONF_FILES: "",
    NIX_REMOTE: "",
    LC_ALL: "C.UTF-8",
  };
}

/** Settings for a store whose loss is no loss. */
export const FAST_NIX_OPTIONS: readonly string[] = [
  "--option",
  "fsync-metadata",
  "false",
  "--option",
  "build-users-group",
  "",
  "--option",
  "substituters",
  "",
];
