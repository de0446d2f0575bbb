import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import config from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist", "generated", "node_modules"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig: config } },
  },
  {
    rules: {
      // A literal style attribute is refused by the page's policy; `style:prop` is not.
      "no-restricted-syntax": [
        "error",
        {
          selector: "SvelteAttribute[key.name='style']",
          message: "Use style:prop={…}: the page's policy refuses style attributes.",
        },
      ],
      "svelte/no-at-html-tags": "error",
      // The router is our own; links are plain hrefs.
      "svelte/no-navigation-without-resolve": "off",
      "no-eval": "error",
      "no-console": "error",
      eqeqeq: "error",
      // TypeScript knows the globals better.
      "no-undef": "off",
      // Records keyed by reference are copied before a key goes.
      "@typescript-eslint/no-dynamic-delete": "off",
      // Sets and maps that live within one function are nobody's state.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  {
    // The one place that tells the developer tools of something.
    files: ["src/lib/background.ts"],
    rules: { "no-console": ["error", { allow: ["debug"] }] },
  },
);
