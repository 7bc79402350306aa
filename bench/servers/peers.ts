import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../../test/support/package-root.ts";

/** Loads what is installed in bench/node_modules; throws where it is not, or where it is not for this system. */
export const requirePeer: NodeJS.Require = createRequire(join(packageRoot, "bench", "package.json"));

const { platform, arch, versions } = process;

/** The package's main file goes on with a server written in JavaScript where no binary loads; this does not. */
export const uWebSocketsBinary: string = `@trufflesuite/uws-js-unofficial/binaries/uws_${platform}_${arch}_${versions.modules}.node`;
