/** Runs `test`, and fails where a rejection was left to nobody meanwhile, which would end a program but not a test. */
export async function losingNothing(test: () => Promise<void>): Promise<void> {
  const lost: unknown[] = [];
  const note = (reason: unknown): void => {
    lost.push(reason);
  };
  process.on("unhandledRejection", note);
  try {
    await test();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  if (lost.length > 0) {
    throw new Error(`${lost.length} rejections were left to nobody`, { cause: lost[0] });
  }
}
