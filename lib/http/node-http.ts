import type * as Http from "node:http";

/**
 * node:http without what nobody here asks for: an `import` of it by name reads every property that it has, and some of those load
 * a whole client in the style of the web. On Node 26 that is 50 ms of the start, and 2.6 MB for each garbage collection to look at.
 */
export const nodeHttp: typeof Http = process.getBuiltinModule("node:http");
