// Debian's Firefox, by WebDriver BiDi.
import puppeteer from "puppeteer-core";

/** Starts Firefox without a window; it contacts only the daemon: no captive-portal detection, no updates. */
export function firefox(preferences = {}) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    acceptInsecureCerts: true,
    defaultViewport: { width: 1280, height: 900 },
    extraPrefsFirefox: {
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "intl.accept_languages": "en-GB, en",
      ...preferences,
    },
  });
}
