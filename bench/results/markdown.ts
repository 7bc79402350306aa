/** The first two lines of a table. */
export function tableHead(columns: readonly string[]): string {
  return `${tableRow(columns)}|${"---|".repeat(columns.length)}\n`;
}

export function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

/**
 * Puts text between the two comments that mark its place, `<!-- NAME -->` and `<!-- /NAME -->`, instead of what is there. Throws
 * where they are missing.
 */
export function published(document: string, name: string, text: string): string {
  const [opening, closing] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const start = document.indexOf(opening);
  const end = document.indexOf(closing, start);
  if (start < 0 || end < 0) {
    throw new Error(`no place for ${name}`);
  }
  return `${document.slice(0, start + opening.length)}\n${text.trim()}\n\n${document.slice(end)}`;
}
