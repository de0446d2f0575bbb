/// <reference types="vitest/config" />
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { licences } from "./build/licences.ts";

// The daemon serves this under `script-src 'self'; style-src 'self'` and Trusted
// Types, so nothing may become a data: URL, an inline script or a polyfill shim.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), licences()],
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
}));
