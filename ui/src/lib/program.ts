/** Endings of files that systems run, or that can contain code which runs when they are opened. */
const PROGRAMS = new Set(
  [
    // Windows.
    "appinstaller application appref-ms appx appxbundle bat chm cmd com cpl diagcab dll exe gadget",
    "grp hlp hta ims inf ins isp job jse lnk mmc msc msh msi msix msixbundle msp mst ocx pif ps1",
    "ps1xml ps2 psc1 psd1 psm1 reg scf scr sct search-ms settingcontent-ms shb shs sys theme url vb",
    "vbe vbs website ws wsb wsc wsf wsh xbap",
    // Disk images and installers, whose content the system does not mark as coming from outside.
    "dmg img iso udf vhd vhdx vmdk apk xapk deb rpm flatpak flatpakref mpkg pkg snap",
    // macOS, Linux, and languages whose programs run on several systems.
    "action app applescript command fileloc inetloc osascript scpt scptd terminal webloc workflow",
    "appimage bash csh desktop fish ksh run service sh zsh",
    "class ear jar jnlp js mjs php phar pl py pyc pyw pyz pyzw rb war",
    // Office documents made for macros, or that fetch what runs. The old forms, such as .doc, are
    // sent every day, and a warning that comes every day is not read.
    "accda accdb accde ade adp docm dotm iqy mam mda mdb mde odc one onepkg oqy potm ppa ppam ppsm",
    "pptm pub rqy sldm slk wiz xla xlam xll xlm xlsb xlsm xltm",
    // Shown by a browser as a page from the user's own disk; add-ons of browsers.
    "htm html mht mhtml shtml svg svgz swf xht xhtml crx xpi",
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
