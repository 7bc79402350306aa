import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the package's own package.json, seen from the compiled tests. */
export const packageRoot: string = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) {
    folder = dirname(folder);
  }
  return folder;
})();
