/** What a notification says is text, whatever it says. */
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { en } from "../../../src/components/locales/en";
import { Icon } from "../../../src/components/Icon";
import { Markdown, plainText } from "../../../src/components/Markdown";
import { typeName } from "../../../src/components/ui";

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} />);

describe("Markdown", () => {
  test.each([
    ["**a** *b* `c`", "<strong>a</strong> <em>b</em> <code>c</code>"],
    [
      "<b>x</b> & <img src=x onerror=alert(1)>",
      "&lt;b&gt;x&lt;/b&gt; &amp; &lt;img src=x onerror=alert(1)&gt;",
    ],
    ["`**a**`", "<code>**a**</code>"],
    ["1 * 2 * 3 and **open", "1 * 2 * 3 and **open"],
  ])("%j", (text, markup) => {
    expect(html(text)).toBe(markup);
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert`1`)",
    "[x](\u0001javascript:alert`1`)",
    "[x](java\u200bscript:alert`1`)",
    "[x](data:text/html,<script>alert`1`</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](blob:https://localhost/x)",
    '[x](" onmouseover="alert`1`)',
    "[**[x](javascript:alert`1`)**](javascript:alert`1`)",
    "![x](javascript:alert`1`)",
  ])("%j leads nowhere else and runs nothing", (text) => {
    const hrefs = [...html(text).matchAll(/href="([^"]*)"/g)].map(([, href]) => new URL(href!));
    for (const { origin } of hrefs) expect(origin).toBe("https://localhost");
    expect(html(text)).not.toMatch(/<(?!\/?(a|code|em|strong)\b)|<[^>]* on\w+=/);
  });

  test("a link opens apart, and learns nothing of the page", () => {
    expect(html("[x](https://a.example/?a=1&b=2)")).toBe(
      '<a href="https://a.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">x</a>',
    );
    expect(html("see https://a.example/x.")).toContain('href="https://a.example/x"');
  });

  test.each(["*", "**", "`", "[", "[a](", "https://", "http://a,", "*a **b "])(
    "as long as a message can be, %j takes no time to speak of",
    (piece) => {
      const text = piece.repeat(4_096 / piece.length);
      const before = process.cpuUsage();
      html(text);
      plainText(text);
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(1_000);
    },
  );
});

test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
  "a type called %s is one like any other",
  (type) => {
    expect(renderToStaticMarkup(<Icon name={type} />)).toContain('d="M6 17');
    expect(typeof typeName(en.types, type)).toBe("string");
  },
);
