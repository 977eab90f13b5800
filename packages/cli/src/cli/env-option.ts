import { Option } from "commander";

/** An option that is also an environment variable: `--health-listen` of `controller` is `NIPHAS_CONTROLLER_HEALTH_LISTEN`. */
export function envOption(commandName: string, flags: string, description: string): Option {
  const option = new Option(flags, description);
  const words = [commandName, option.name()].join("-");
  return option.env(`NIPHAS_${words.replaceAll("-", "_").toUpperCase()}`);
}
