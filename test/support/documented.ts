import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

/** The code blocks of a page that are in a language, in order. `page` is a path within the package. */
export function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(packageRoot, page), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block!);
}

/** The only one of them that has this piece of text. */
export function documented(page: string, language: string, piece: string): string {
  const found = blocksOf(page, language).filter((block) => block.includes(piece));
  if (found.length !== 1) {
    throw new Error(`${page} has ${found.length} blocks with ${piece}`);
  }
  return found[0]!;
}
