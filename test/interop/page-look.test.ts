import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { desktop, phone, showing, textOf, withChromium } from "../support/page-showing.ts";

/** Where the page can be looked at afterwards. */
const folder = join(tmpdir(), "turnout-page");

describe("how the demonstration server's page looks in Chromium", () => {
  const chromium = withChromium();

  for (const scheme of ["light", "dark"] as const) {
    for (const [name, size] of [
      ["desktop", desktop],
      ["phone", phone],
    ] as const) {
      it(`${name}, ${scheme}: nothing is wider than the screen, and all text can be read`, () =>
        showing(
          chromium(),
          ["--tls"],
          async ({ tab }) => {
            await tab.evaluate(`${textOf("text").replace("textContent", "value")} = "x".repeat(200)`);
            await tab.evaluate('document.getElementById("say").requestSubmit()');
            await tab.until('document.querySelectorAll("#echoes > li").length === 1');
            assert.isAtMost(Number(await tab.evaluate("document.documentElement.scrollWidth")), size.width!);
            assert.deepEqual(await tab.evaluate(faintTexts), []);
            await mkdir(folder, { recursive: true });
            await writeFile(join(folder, `${name}-${scheme}.png`), await tab.screenshot());
          },
          { ...size, media: { "prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce" } },
        ));
    }
  }
});

/** WCAG 2.2 section 1.4.3: each text whose contrast with what is behind it is below 4.5. */
const faintTexts = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgbOf = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colour = rgbOf(getComputedStyle(element).backgroundColor);
    return colour[3] === 255 ? colour : behind(element.parentElement);
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!hasText || !element.checkVisibility() || element.matches("script, .unseen, pre .end")) {
      continue;
    }
    const [one, other] = [luminance(rgbOf(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) {
      faint.push(element.className + " " + element.textContent + " " + contrast.toFixed(2));
    }
  }
  return faint;
})()`;
