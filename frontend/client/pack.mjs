/**
 * `make package`: the client as `tasklane-client-VERSION.tgz`, in the folder that is named.
 *
 * Its version is the service's, and its `package.json` says of which OpenAPI document it is.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = (...command) => execFileSync(command[0], command.slice(1), { stdio: ["ignore", "inherit", "inherit"] });

/** As npm says it: 0.2.0.dev0 is 0.2.0-dev.0, 0.2.0rc1 is 0.2.0-rc.1. */
function semantic(version) {
  const parts = /^(\d+\.\d+\.\d+)(?:\.?(dev|a|b|rc)(\d+))?$/.exec(version);
  if (!parts) throw new Error(`${version} is no version that a package can have`);
  return parts[2] ? `${parts[1]}-${parts[2]}.${parts[3]}` : parts[1];
}

const [folder = "."] = process.argv.slice(2);
const document = readFileSync(here("../../docs/openapi.json"));
const { version } = JSON.parse(document).info;
const sha256 = createHash("sha256").update(document).digest("hex");
const described = JSON.parse(readFileSync(here("package.json"), "utf8"));
const built = here("build/");

rmSync(built, { recursive: true, force: true });
run(process.execPath, here("../node_modules/typescript/bin/tsc"), "-p", here("tsconfig.json"));
cpSync(here("../lib/schema.d.ts"), `${built}dist/schema.d.ts`); // tsc writes no types that it was given as such
cpSync(here("README.md"), `${built}README.md`);
cpSync(here("../../LICENSE"), `${built}LICENSE`);
const { name, ...rest } = described;
const whole = { name, version: semantic(version), ...rest, openapi: { version, sha256 } };
writeFileSync(`${built}package.json`, `${JSON.stringify(whole, null, 2)}\n`);
mkdirSync(folder, { recursive: true });
run("npm", "pack", "--silent", built, "--pack-destination", resolve(folder));
