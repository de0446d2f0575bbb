/** Endings of files that systems run, or that can contain code which runs when they are opened. */
const PROGRAMS = new Set(
  [
    "app apk appx bat chm cmd com cpl deb dmg exe hta img inf iso jar js jse lnk mjs msi msix msp",
    "pif pkg ps1 psm1 py reg rpm scf scr sh url vbe vbs vhd vhdx wsf wsh",
    "docm dotm pptm ppam xlam xlsm xltm htm html mht mhtml shtml svg xhtml",
  ].flatMap((line) => line.split(" ")),
);

/**
 * Whether a file may run code. Its name decides, as it will on the recipient's computer, whatever
 * type the sender has stated. Windows ignores dots and blanks at the end.
 */
export function isProgram(name: string): boolean {
  const ending = /\.([^.]+)$/.exec(name.replace(/[.\s]+$/u, ""))?.[1] ?? "";
  return PROGRAMS.has(ending.toLowerCase());
}
